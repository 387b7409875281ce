export { REGISTER_ERRORS } from './errors.ts';
export { renderRegisterScript } from './render.ts';

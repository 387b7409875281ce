export { renderRegisterScript } from './render.ts';

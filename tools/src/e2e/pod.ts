import type { IContainer, IPodSpec, ISecurityContext } from 'kubernetes-models/v1';

type Rights = { readonly [Field in keyof ISecurityContext]?: (value: never) => string[] };

/**
 * The arguments of `docker run` for each field. Docker's own seccomp profile is Kubernetes' RuntimeDefault.
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context-1
 */
const RIGHTS: Rights = {
  runAsUser: (id: number) => ['--user', `${id}`],
  // Compared with runAsUser by the kubelet, before it starts anything.
  runAsNonRoot: () => [],
  allowPrivilegeEscalation: (may: boolean) => (may ? [] : ['--security-opt', 'no-new-privileges']),
  readOnlyRootFilesystem: (is: boolean) => (is ? ['--read-only'] : []),
  capabilities: ({ drop }: { drop: string[] }) => drop.flatMap((name) => ['--cap-drop', name]),
};

/** Options, image and arguments of the `docker run` that starts a container of a pod as its node would, except the network. */
export function dockerWords(pod: IPodSpec, container: IContainer): string[] {
  const rights = Object.entries(container.securityContext ?? {}).flatMap(([field, value]) => {
    const words = RIGHTS[field as keyof ISecurityContext];
    if (words === undefined) throw new Error(`no option of docker run is known for ${field}`);
    return words(value as never);
  });
  const volumes = (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const volume = pod.volumes?.find((volume) => volume.name === name);
    if (volume?.hostPath === undefined) throw new Error(`volume ${name} is not a hostPath`);
    return ['-v', `${volume.hostPath.path}:${mountPath}`];
  });
  // Kubernetes' Mi is Docker's m: 2^20 bytes.
  const memory = String(container.resources?.limits?.memory).replace(/Mi$/, 'm');
  const [entrypoint, ...words] = container.command ?? [];
  return [
    ...['--network', 'none', '--memory', memory, ...rights, ...volumes],
    ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
    ...[container.image ?? '', ...words, ...(container.args ?? [])],
  ];
}

/** Writes kubeconfig files with everything in them. */

export interface KubeconfigWanted {
  /** `https://host:port` */
  readonly server: string
  /** The cluster's authority, PEM. */
  readonly ca: string
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
  readonly credentials: { readonly cert: string; readonly key: string } | { readonly token: string }
}

/** The text of a kubeconfig with one cluster, user and context. */
export function kubeconfig(wanted: KubeconfigWanted): string {
  const cluster = wanted.cluster ?? 'kubernetes'
  const user = wanted.user ?? 'kubernetes-admin'
  const context = `${user}@${cluster}`
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const { credentials } = wanted
  const quoted = (text: string) =>
    /^[\w./:@-]+$/.test(text) && !/^(true|false|null|yes|no|on|off|[\d.]+)$/i.test(text) ? text : JSON.stringify(text)
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(wanted.ca)}`,
    `    server: ${quoted(wanted.server)}`,
    `  name: ${quoted(cluster)}`,
    'contexts:',
    '- context:',
    `    cluster: ${quoted(cluster)}`,
    ...(wanted.namespace === undefined ? [] : [`    namespace: ${quoted(wanted.namespace)}`]),
    `    user: ${quoted(user)}`,
    `  name: ${quoted(context)}`,
    `current-context: ${quoted(context)}`,
    'kind: Config',
    'preferences: {}',
    'users:',
    `- name: ${quoted(user)}`,
    '  user:',
    ...('token' in credentials
      ? [`    token: ${quoted(credentials.token)}`]
      : [`    client-certificate-data: ${base64(credentials.cert)}`, `    client-key-data: ${base64(credentials.key)}`]),
    '',
  ].join('\n')
}

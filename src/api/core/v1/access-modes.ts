/** How cells write access modes: RWO, ROX, RWX, RWOP. */

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

const ORDER = Object.keys(MODES)

export function modesText(modes: readonly string[] | undefined): string {
  return ORDER.filter((mode) => modes?.includes(mode))
    .map((mode) => MODES[mode])
    .join(',')
}

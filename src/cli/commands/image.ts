/** `k8ts image build|import|list`: container images without a registry. */

import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '#base/settings.ts'
import { buildImage, normalizeImageName, type ImageFile } from '#runtime/images/oci-image.ts'
import { UsageError } from '#base/settings.ts'
import { command, OperatorError, type Environment } from '../command.ts'
import { ClusterRecords, type ClusterRecord } from '../cluster/record.ts'
import { bringImage } from '../cluster/images.ts'
import { plainly } from '../data-directory.ts'
import { noCluster } from './kubeconfig.ts'

export const image = command({
  usage: '(build -t NAME DIRECTORY | import FILE... | list) [flags]',
  description:
    "Builds images from a directory that becomes the container's root file system, and brings them to a cluster's nodes, where they stay until 'k8ts down --delete-data'.\n" +
    '  k8ts image build -t web:1 --entrypoint /bin/web ./root     builds, and imports into every node of the cluster\n' +
    '  k8ts image build -t web:1 -o web.tar ./root                builds an OCI archive\n' +
    '  k8ts image import web.tar                                  imports an OCI or Docker archive into every node\n' +
    '  k8ts image list                                            what the nodes have',
  settings: settings({
    name: { type: 'string', flag: 'name', help: 'The cluster; by default the one started last' },
    tag: { type: 'string', flag: 'tag', short: 't', help: 'Name of the image to build' },
    output: { type: 'string', flag: 'output', short: 'o', help: 'Write an OCI archive here instead of importing' },
    entrypoint: { type: 'list', flag: 'entrypoint', help: 'Words of the entry point' },
    cmd: { type: 'list', flag: 'cmd', help: 'Words of the default arguments' },
    env: { type: 'list', flag: 'env', short: 'e', help: 'Environment as KEY=VALUE' },
    workdir: { type: 'string', flag: 'workdir', help: 'Working directory' },
    user: { type: 'string', flag: 'user', help: 'User (and group) the container runs as' },
    expose: { type: 'list', flag: 'expose', help: 'Ports, as 80/tcp' },
  }),
  takesWords: true,
  async run({ values, words: [verb, ...words] }, environment) {
    const cluster = (): ClusterRecord => {
      const records = new ClusterRecords(environment.home)
      const record = values.name === undefined ? records.current() : records.get(values.name)
      if (record === undefined) throw new OperatorError(noCluster(values.name))
      return record
    }
    switch (verb) {
      case 'build': {
        const directory = words[0]
        if (directory === undefined || values.tag === undefined) throw new UsageError('image build needs -t NAME and a directory')
        const name = normalizeImageName(values.tag)
        if (!IMAGE_NAME.test(name)) throw new UsageError(`invalid argument "${values.tag}" for "-t, --tag" flag: invalid reference format`)
        const archive = await buildImage({
          name,
          files: readFiles(directory),
          architecture: environment.architecture,
          config: {
            entrypoint: values.entrypoint,
            cmd: values.cmd,
            ...(values.env.length > 0 && { env: values.env }),
            ...(values.workdir && { workingDir: values.workdir }),
            ...(values.user && { user: values.user }),
            exposedPorts: values.expose,
          },
        })
        if (values.output !== undefined) writeArchive(values.output, archive)
        else await importEverywhere(cluster(), name, archive, environment)
        environment.out(`${name}\n`)
        return 0
      }
      case 'import': {
        if (words.length === 0) throw new UsageError('image import needs an archive')
        for (const file of words) await importEverywhere(cluster(), file, readArchive(file), environment)
        return 0
      }
      case 'list': {
        for (const node of cluster().nodes) {
          if (node.runtimeSocket === undefined) continue
          const list = await environment.run({ program: 'ctr', words: ['-a', node.runtimeSocket, '-n', 'k8s.io', 'images', 'ls', '-q'] })
          for (const line of list.split('\n')) if (line !== '' && !line.startsWith('sha256:')) environment.out(`${node.name}\t${line}\n`)
        }
        return 0
      }
      default:
        throw new UsageError(
          verb === undefined ? 'image needs a verb: build, import or list' : `unknown verb "${verb}": use build, import or list`,
        )
    }
  },
})

async function importEverywhere(record: ClusterRecord, called: string, archive: Uint8Array, environment: Environment): Promise<void> {
  if (record.runtime === 'simulated')
    throw new OperatorError(`the nodes of ${record.name} are simulated, so they take no images: use --runtime containerd`)
  await bringImage(record, called, archive, environment)
}

function readArchive(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${plainly(error)}`, { cause: error })
  }
}

function writeArchive(file: string, archive: Uint8Array): void {
  try {
    writeFileSync(file, archive)
  } catch (error) {
    throw new OperatorError(`cannot write ${file}: ${plainly(error)}`, { cause: error })
  }
}

/** Registry, lower-case path, tag. */
const IMAGE_NAME = /^[\w.-]+(:\d+)?(\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+:\w[\w.-]{0,127}$/

function readFiles(directory: string): readonly ImageFile[] {
  try {
    return readTree(directory)
  } catch (error) {
    throw new OperatorError(`cannot read ${directory}: ${plainly(error)}`, { cause: error })
  }
}

/** Every file below a directory, as the image will hold it. */
function readTree(directory: string, prefix = ''): readonly ImageFile[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): readonly ImageFile[] => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
      const full = join(directory, path)
      const mode = lstatSync(full).mode & 0o7777
      if (entry.isDirectory()) return [{ path, mode, content: 'directory' }, ...readTree(directory, path)]
      if (entry.isSymbolicLink()) return [{ path, mode: 0o777, content: { link: readlinkSync(full) } }]
      return entry.isFile() ? [{ path, mode, content: readFileSync(full) }] : []
    })
}

/** `k8ts version`: what this is, and which Kubernetes it speaks. */

import { command } from '../command.ts'
import { productVersion, kubernetesVersion } from '#base/version.ts'

export const version = command({
  usage: '[flags]',
  description: 'Prints the versions of k8ts and of the Kubernetes API it serves.',
  settings: {},
  async run(_, environment) {
    environment.out(`k8ts ${productVersion} (Kubernetes ${kubernetesVersion.gitVersion}, Node.js ${process.version})\n`)
    return 0
  },
})

/** An admission plugin: pods take their images from known registries only, and those that name none from the first of them. */

import type { PluginModule } from '#apiserver/admission/plugin-module.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#schema/resource.ts'

const EXEMPT = 'example.com/any-registry'

export const plugin: PluginModule = {
  name: 'ImageRegistries',
  make({ find, refused, misconfigured }, configuration) {
    const { registries } = (configuration ?? {}) as { readonly registries?: readonly string[] }
    if (!Array.isArray(registries) || registries.length === 0) throw misconfigured('registries: at least one is needed')
    const known = (image: string) => registries.some((registry) => image.startsWith(`${registry}/`))

    return {
      name: 'ImageRegistries',
      operations: ['CREATE', 'UPDATE'],
      admit({ resource, subresource, object }) {
        if (resource.plural !== 'pods' || resource.group !== '' || subresource !== '') return undefined
        const pod = object as unknown as Pod
        const named = (container: Container) =>
          container.image && !container.image.includes('/') ? { ...container, image: `${registries[0]}/${container.image}` } : container
        const containers = pod.spec.containers.map(named)
        return { ...pod, spec: { ...pod.spec, containers } } as unknown as KubeObject
      },
      async validate(request) {
        const { resource, subresource, object, namespace } = request
        if (resource.plural !== 'pods' || resource.group !== '' || subresource !== '') return
        const { spec } = object as unknown as Pod
        const foreign = [...(spec.initContainers ?? []), ...spec.containers].find(({ image = '' }) => !known(image))
        if (foreign === undefined) return
        const found = await find('namespaces', '', namespace)
        if (found?.metadata.labels?.[EXEMPT] === 'true') return
        throw refused(request, `container ${foreign.name} takes its image from elsewhere than ${registries.join(', ')}`)
      },
    }
  },
}

/** What is served of the core group but for its volumes, quotas and services' neighbours. */

import { finalizeFacet, namespaceStrategy } from '../strategies/namespace.ts'
import { createdByPut, eventStrategy, nodeStrategy, returnsDeleted, secretStrategy, serviceAccountStrategy } from '../strategies/plain.ts'
import { ephemeralContainersFacet, podStatusFacet, podStrategy, resizeFacet } from '../strategies/pod.ts'
import { preparingTemplate } from '../strategies/pod-template-preparation.ts'
import type { Strategy } from '../strategy.ts'
import { serve, type Served } from './serve.ts'
import { configMaps } from '#api/core/v1/config-map.ts'
import { endpoints } from '#api/core/v1/endpoints.ts'
import { events } from '#api/core/v1/event.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { nodes } from '#api/core/v1/node.ts'
import { podTemplates } from '#api/core/v1/pod-template.ts'
import { pods } from '#api/core/v1/pod.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { services } from '#api/core/v1/service.ts'

export function servedCore(serviceStrategy: Strategy<never>): readonly Served[] {
  return [
    serve(namespaces as never, namespaceStrategy, { finalize: finalizeFacet }),
    serve(nodes as never, nodeStrategy),
    serve(pods as never, podStrategy, { status: podStatusFacet, ephemeralcontainers: ephemeralContainersFacet, resize: resizeFacet }),
    serve(services as never, serviceStrategy),
    serve(endpoints as never, createdByPut),
    serve(configMaps as never),
    serve(secrets as never, secretStrategy),
    serve(serviceAccounts as never, serviceAccountStrategy),
    serve(events as never, eventStrategy),
    serve(podTemplates as never, preparingTemplate('object', { ...returnsDeleted, generation: 'all but metadata' })),
  ]
}

/** What is served of the networking and discovery groups. */

import { generationFromAll } from '../strategies/plain.ts'
import { serve, type Served } from './serve.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'

export const servedNetworking: readonly Served[] = [serve(endpointSlices as never, generationFromAll)]

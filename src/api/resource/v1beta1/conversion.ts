/** Between resource/v1 and v1beta1, which differ in where devices and requests for them have their members. */

type Json = Readonly<Record<string, unknown>>

/** Members of a v1beta1 request that v1 has in `exactly`. */
const EXACT = ['deviceClassName', 'selectors', 'allocationMode', 'count', 'adminAccess', 'tolerations', 'capacity'] as const

/** A slice, claim or template of v1beta1 as v1 has it; apiVersion is the caller's to set. */
export function toV1<T extends object>(object: T): T {
  return changed(object as Json, flatDevice, nestedRequest) as T
}

/** The way back. */
export function fromV1<T extends object>(object: T): T {
  return changed(object as Json, nestedDevice, flatRequest) as T
}

function changed(object: Json, device: (d: Json) => Json, request: (r: Json) => Json): Json {
  const spec = object['spec'] as Json | undefined
  switch (object['kind']) {
    case 'ResourceSlice':
      return spec?.['devices'] === undefined ? object : { ...object, spec: { ...spec, devices: (spec['devices'] as Json[]).map(device) } }
    case 'ResourceClaim':
      return spec === undefined ? object : { ...object, spec: withRequests(spec, request) }
    case 'ResourceClaimTemplate': {
      const inner = spec?.['spec'] as Json | undefined
      return inner === undefined ? object : { ...object, spec: { ...spec, spec: withRequests(inner, request) } }
    }
    default:
      return object
  }
}

function withRequests(spec: Json, request: (r: Json) => Json): Json {
  const devices = spec['devices'] as Json | undefined
  const requests = devices?.['requests'] as Json[] | undefined
  return requests === undefined ? spec : { ...spec, devices: { ...devices, requests: requests.map(request) } }
}

function flatDevice({ name, basic }: Json): Json {
  return { name, ...(basic as Json | undefined) }
}

function nestedDevice({ name, ...basic }: Json): Json {
  return { name, basic }
}

function nestedRequest(request: Json): Json {
  const { name, firstAvailable } = request
  const exactly = Object.fromEntries(EXACT.filter((member) => request[member] !== undefined).map((member) => [member, request[member]]))
  return {
    name,
    ...(Object.keys(exactly).length > 0 && { exactly }),
    ...(firstAvailable !== undefined && { firstAvailable }),
  }
}

function flatRequest({ name, exactly, firstAvailable }: Json): Json {
  return { name, ...(exactly as Json | undefined), ...(firstAvailable !== undefined && { firstAvailable }) }
}

/** /statusz and /flagz: what a component is and how it was started, as text for people or as `config.k8s.io` objects. */

import { dump } from 'js-yaml'
import { notAcceptable } from './errors.ts'
import type { Answer } from '#apiserver/answer.ts'
import { JSON_TYPE, parseAccept, YAML_TYPE } from '#apiserver/encode/negotiate.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { kubernetesVersion } from '#base/version.ts'

/** The process behind the pages. */
export interface ComponentProcess {
  readonly name: string
  readonly started: Instant
  /** Command line flags by name, as given or by default; what they hold is shown to whoever may read the page. */
  readonly flags: Readonly<Record<string, string>>
}

export interface PageRequest {
  readonly path: string
  readonly accept: string | undefined
  readonly now: Instant
  /** Other paths worth a look, for /statusz. */
  readonly paths: readonly string[]
  readonly warn: (text: string) => void
}

type Bytes = Extract<Answer, { readonly type: 'bytes' }>

const GROUP = 'config.k8s.io'
const VERSIONS: readonly string[] = ['v1beta1', 'v1alpha1']
const DEPRECATED = 'v1alpha1'
const MEDIA_TYPES = [JSON_TYPE, YAML_TYPE]

/** Undefined for other paths. Throws 406 for an `Accept` that names none of the page's forms. */
export function zPage(component: ComponentProcess, request: PageRequest): Bytes | undefined {
  const page = request.path === '/statusz' ? statusz(component, request) : request.path === '/flagz' ? flagz(component) : undefined
  if (page === undefined) return undefined
  const form = formOf(request.accept, page.kind)
  if (form === 'text') return { type: 'bytes', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: page.text }
  if (form.version === DEPRECATED) request.warn(`${GROUP}/${DEPRECATED} ${page.kind} is deprecated`)
  const object = { kind: page.kind, apiVersion: `${GROUP}/${form.version}`, metadata: { name: component.name }, ...page.body }
  return {
    type: 'bytes',
    status: 200,
    headers: { 'content-type': form.mediaType },
    body: form.mediaType === YAML_TYPE ? dump(object, { seqNoIndent: true }) : JSON.stringify(object),
  }
}

interface Page {
  readonly kind: 'Statusz' | 'Flagz'
  readonly text: string
  readonly body: object
}

function statusz(component: ComponentProcess, { now, paths }: { readonly now: Instant; readonly paths: readonly string[] }): Page {
  const { goVersion, major, minor, emulationMajor, emulationMinor } = kubernetesVersion
  const seconds = Math.max(0, Math.floor((now - component.started) / 1000))
  const binaryVersion = `${major}.${minor}`
  const emulationVersion = `${emulationMajor}.${emulationMinor}`
  return {
    kind: 'Statusz',
    body: {
      startTime: timestamp(component.started),
      uptimeSeconds: seconds,
      goVersion,
      binaryVersion,
      emulationVersion,
      paths,
    },
    text: `${head(component.name, 'statusz')}
Started: ${unixDate(component.started)}
Up: ${upTime(seconds)}
Go version: ${goVersion}
Binary version: ${binaryVersion}
Emulation version: ${emulationVersion}
Paths: ${paths.join(' ')}
`,
  }
}

function flagz({ name, flags }: ComponentProcess): Page {
  const sorted = Object.fromEntries(Object.entries(flags).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const lines = Object.entries(sorted).map(([flag, value]) => `${flag}=${value}\n`)
  return { kind: 'Flagz', body: { flags: sorted }, text: `${head(name, 'flags')}\n${lines.join('')}` }
}

function head(name: string, title: string): string {
  const warning =
    'This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'
  return `\n${name} ${title}\nWarning: ${warning}\n`
}

/** Text unless an object is asked for with all of its group, version and kind. */
function formOf(accept: string | undefined, kind: string): 'text' | { readonly mediaType: string; readonly version: string } {
  if (accept === undefined || accept.trim() === '') return 'text'
  for (const { type, parameters } of parseAccept(accept)) {
    if (type === 'text/plain' || type === 'text/*' || type === '*/*') return 'text'
    const { g, v, as } = parameters
    if (MEDIA_TYPES.includes(type) && g === GROUP && v !== undefined && VERSIONS.includes(v) && as === kind)
      return { mediaType: type, version: v }
  }
  throw notAcceptable([
    'text/plain',
    ...MEDIA_TYPES.flatMap((type) => VERSIONS.map((version) => `${type};g=${GROUP};v=${version};as=${kind}`)),
  ])
}

/** As the Unix command `date` writes it: `Wed Oct 16 21:03:43 UTC 2024`. */
function unixDate(at: Instant): string {
  const [weekday, day, month, year, time] = new Date(at).toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`
}

function upTime(seconds: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return `${Math.floor(seconds / 3600)} hr ${two((seconds / 60) % 60)} min ${two(seconds % 60)} sec`
}

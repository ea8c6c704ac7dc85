/** The rules of definitions of resources: names, versions, conversion, and what may change. Schemas have rules of their own. */

import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from './custom-resource-definition.ts'
import { fieldAt } from './field-path.ts'
import type { JsonSchema } from './json-schema.ts'
import { rootSchemaErrors } from './schema-rules.ts'
import { append } from './structural-rules.ts'
import { serviceErrors, urlErrors } from '#api/admissionregistration/v1/webhook-rules.ts'
import { IMMUTABLE, duplicate, forbidden, invalid, notSupported, required, tooMany, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1035Label, dns1123Subdomain } from '#schema/names.ts'

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const COLUMN_FORMATS = ['binary', 'byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']
const REVIEW_VERSIONS = ['v1', 'v1beta1']
const WARNING_BYTES_MAX = 256
const SELECTABLE_MAX = 8
const APPROVED = 'api-approved.kubernetes.io'
const APPROVAL_PAGE = 'https://github.com/kubernetes/enhancements/pull/1111'

export function definitionErrors({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const wanted = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`
  return [
    ...(metadata.name === wanted ? [] : [invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...specErrors(spec, true),
    ...approvalErrors(metadata.annotations, undefined, spec.group ?? ''),
    ...(spec.preserveUnknownFields ? [preserved()] : []),
  ]
}

export function definitionUpdateErrors(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  const { spec, status, metadata } = definition
  const names = status?.acceptedNames ? nameErrors(status.acceptedNames, 'status.acceptedNames') : []
  if (subresource === 'status' || !spec || !old.spec) return names
  const established = old.status?.conditions?.some((c) => c.type === 'Established' && c.status === 'True') ?? false
  const kept = (path: string, now: unknown, before: unknown) => (now === before ? [] : [invalid(path, now, IMMUTABLE)])
  return [
    ...specErrors(
      spec,
      (old.spec.versions ?? []).every((v) => v.schema?.openAPIV3Schema),
    ),
    ...(established ? kept('spec.scope', spec.scope, old.spec.scope) : []),
    ...(established ? kept('spec.names.kind', spec.names?.kind, old.spec.names?.kind) : []),
    ...kept('spec.group', spec.group, old.spec.group),
    ...kept('spec.names.plural', spec.names?.plural, old.spec.names?.plural),
    ...names,
    ...storedErrors(status?.storedVersions ?? [], spec.versions ?? []),
    ...approvalErrors(metadata.annotations, old.metadata.annotations ?? {}, spec.group ?? ''),
    ...(spec.preserveUnknownFields && !old.spec.preserveUnknownFields ? [preserved()] : []),
  ]
}

function preserved(): FieldError {
  const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  return invalid('spec.preserveUnknownFields', true, `cannot set to true, ${instead}`)
}

/** What was stored in a version can only be read while the version is there. */
function storedErrors(stored: readonly string[], versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const path = 'status.storedVersions'
  if (stored.length === 0) return [invalid(path, stored, 'must have at least one stored version')]
  const names = new Set(versions.map((v) => v.name))
  return [
    ...versions.flatMap((v) =>
      v.storage && !stored.includes(v.name) ? [invalid(path, stored, `must have the storage version ${v.name}`)] : [],
    ),
    ...stored.flatMap((v, index) =>
      names.has(v)
        ? []
        : [
            invalid(
              `${path}[${index}]`,
              v,
              `missing from spec.versions; ${v} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${v} and removes ${v} from status.storedVersions`,
            ),
          ],
    ),
  ]
}

function joined(path: string, value: string, check: (text: string) => string[], before = ''): FieldError[] {
  const problems = check(value)
  return problems.length === 0 ? [] : [invalid(path, value, before + problems.join(','))]
}

function specErrors(spec: CustomResourceDefinitionSpec, requireSchemas: boolean): FieldError[] {
  const { group = '', scope = '', names, versions = [], conversion } = spec
  const errors: FieldError[] = []
  if (group === '') errors.push(required('spec.group'))
  else if (dns1123Subdomain(group).length > 0) errors.push(...joined('spec.group', group, dns1123Subdomain))
  else if (!group.includes('.')) errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'))
  errors.push(...closedSet('spec.scope', scope, ['Cluster', 'Namespaced']))
  for (const [index, version] of versions.entries()) {
    if (version.schema?.openAPIV3Schema) continue
    const path = `spec.versions[${index}].schema.openAPIV3Schema`
    if (requireSchemas) errors.push(required(path, 'schemas are required'))
    else if (version.served && !spec.preserveUnknownFields) errors.push(required(path, 'because otherwise all fields are pruned'))
  }
  append(errors, versionsErrors(versions))
  const isUnique = new Set(versions.map((v) => v.name)).size === versions.length
  if (!isUnique) errors.push(invalid('spec.versions', versions, 'must contain unique version names'))
  if (versions.filter((v) => v.storage).length !== 1)
    errors.push(invalid('spec.versions', versions, 'must have exactly one version marked as storage version'))
  for (const member of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[member]) errors.push(required(`spec.names.${member}`))
  if (names) errors.push(...nameErrors(names, 'spec.names'))
  append(errors, sharedErrors(versions))
  if (conversion) errors.push(...conversionErrors(conversion))
  return errors
}

function closedSet(path: string, value: string, accepted: readonly string[]): FieldError[] {
  if (value === '') return [required(path)]
  return accepted.includes(value) ? [] : [notSupported(path, value, accepted)]
}

/** What all versions say alike upstream moves from the versions to the spec, and blames it there. */
function shared<T>(
  versions: readonly CustomResourceDefinitionVersion[],
  of: (v: CustomResourceDefinitionVersion) => T | undefined,
): T | undefined {
  const [first, ...others] = versions
  const value = first && of(first)
  return value !== undefined && others.every((v) => sameJson(of(v), value)) ? value : undefined
}

/** A definition's schemas, each with where it is blamed: one that all versions share once only. */
export function schemasOf(
  versions: readonly CustomResourceDefinitionVersion[],
): readonly { readonly path: string; readonly schema: JsonSchema; readonly hasStatus: boolean }[] {
  const schema = shared(versions, (v) => v.schema)?.openAPIV3Schema
  const hasStatus = ({ subresources }: CustomResourceDefinitionVersion) => subresources?.status !== undefined
  if (schema) return [{ path: 'spec.validation.openAPIV3Schema', schema, hasStatus: versions.some(hasStatus) }]
  return versions.flatMap((version, index) => {
    const own = version.schema?.openAPIV3Schema
    return own ? [{ path: `spec.versions[${index}].schema.openAPIV3Schema`, schema: own, hasStatus: hasStatus(version) }] : []
  })
}

const columnsOf = (v: CustomResourceDefinitionVersion) => (v.additionalPrinterColumns?.length ? v.additionalPrinterColumns : undefined)
const selectableOf = (v: CustomResourceDefinitionVersion) => (v.selectableFields?.length ? v.selectableFields : undefined)

function versionsErrors(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const isShared = {
    schema: shared(versions, (v) => v.schema) !== undefined,
    subresources: shared(versions, (v) => v.subresources) !== undefined,
    columns: shared(versions, columnsOf) !== undefined,
    selectable: shared(versions, selectableOf) !== undefined,
  }
  return versions.flatMap((version, index) => {
    const at = `spec.versions[${index}]`
    const { schema, subresources } = version
    return [
      ...joined(`${at}.name`, version.name ?? '', dns1035Label),
      ...warningErrors(version, `${at}.deprecationWarning`),
      ...(schema?.openAPIV3Schema && !isShared.schema
        ? rootSchemaErrors(schema.openAPIV3Schema, `${at}.schema.openAPIV3Schema`, subresources?.status !== undefined)
        : []),
      ...(subresources && !isShared.subresources ? subresourceErrors(subresources, `${at}.subresources`) : []),
      ...(isShared.columns ? [] : columnErrors(columnsOf(version), `${at}.additionalPrinterColumns`)),
      ...(isShared.selectable ? [] : selectableErrors(selectableOf(version), schema?.openAPIV3Schema, `${at}.selectableFields`)),
    ]
  })
}

function sharedErrors(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const schema = shared(versions, (v) => v.schema)?.openAPIV3Schema
  const subresources = shared(versions, (v) => v.subresources)
  const hasStatus = versions.some((v) => v.subresources?.status !== undefined)
  return [
    ...(schema ? rootSchemaErrors(schema, 'spec.validation.openAPIV3Schema', hasStatus) : []),
    ...(subresources ? subresourceErrors(subresources, 'spec.subresources') : []),
    ...columnErrors(shared(versions, columnsOf), 'spec.additionalPrinterColumns'),
    ...selectableErrors(shared(versions, selectableOf), schema ?? versions[0]?.schema?.openAPIV3Schema, 'spec.selectableFields'),
  ]
}

function warningErrors({ deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion, path: string): FieldError[] {
  if (text === undefined) return []
  if (!deprecated) return [invalid(path, text, 'can only be set for deprecated versions')]
  const errors: FieldError[] = []
  if (Buffer.byteLength(text) > WARNING_BYTES_MAX) errors.push(invalid(path, text, `must be <= ${WARNING_BYTES_MAX} characters long`))
  if (text === '') errors.push(invalid(path, text, 'must not be an empty string'))
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text)
  if (odd)
    errors.push(
      invalid(
        path,
        text,
        `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, odd.index))}`,
      ),
    )
  return errors
}

function nameErrors(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names
  const label = (member: string, value: string | undefined) => (value ? joined(`${path}.${member}`, value, dns1035Label) : [])
  const cased = (member: string, value: string | undefined) => {
    const but = 'may have mixed case, but should otherwise match: '
    return value ? joined(`${path}.${member}`, value, (text) => dns1035Label(text.toLowerCase()), but) : []
  }
  return [
    ...label('plural', plural),
    ...label('singular', singular),
    ...cased('kind', kind),
    ...cased('listKind', listKind),
    ...shortNames.flatMap((name, index) => joined(`${path}.shortNames[${index}]`, name, dns1035Label)),
    ...(kind && kind === listKind ? [invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')] : []),
    ...categories.flatMap((name, index) => joined(`${path}.categories[${index}]`, name, dns1035Label)),
  ]
}

function columnErrors(columns: readonly CustomResourceColumnDefinition[] = [], path: string): FieldError[] {
  return columns.flatMap(({ name, type, format, jsonPath }, index) => {
    const at = `${path}[${index}]`
    const types = `must be one of ${COLUMN_TYPES.join(',')}`
    const errors = name ? [] : [required(`${at}.name`)]
    if (!type) errors.push(required(`${at}.type`, types))
    else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(`${at}.type`, type, types))
    if (format && !COLUMN_FORMATS.includes(format))
      errors.push(invalid(`${at}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`))
    return [...errors, ...(jsonPath ? pathErrors(jsonPath, `${at}.JSONPath`) : [required(`${at}.JSONPath`)])]
  })
}

function pathErrors(jsonPath: string, path: string): FieldError[] {
  return jsonPath.startsWith('.') ? [] : [invalid(path, jsonPath, 'must be a simple json path starting with .')]
}

function subresourceErrors({ scale }: CustomResourceSubresources, path: string): FieldError[] {
  if (!scale) return []
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  const below = (member: string, value: string | undefined, roots: readonly string[], wanted: string): FieldError[] => {
    const at = `${path}.scale.${member}`
    if (!value) return [required(at)]
    const errors = pathErrors(value, at)
    return errors.length > 0 || roots.some((root) => value.startsWith(`${root}.`)) ? errors : [invalid(at, value, wanted)]
  }
  return [
    ...below('specReplicasPath', specReplicasPath, ['.spec'], 'should be a json path under .spec'),
    ...below('statusReplicasPath', statusReplicasPath, ['.status'], 'should be a json path under .status'),
    ...(labelSelectorPath
      ? below('labelSelectorPath', labelSelectorPath, ['.spec', '.status'], 'should be a json path under either .spec or .status')
      : []),
  ]
}

function selectableErrors(fields: readonly SelectableField[] = [], schema: JsonSchema | undefined, path: string): FieldError[] {
  if (fields.length > 0 && schema === undefined)
    return [invalid(path, '', 'selectableFields may only be set when version.schema.openAPIV3Schema is not included')]
  const seen = new Set<string>()
  const errors = fields.flatMap(({ jsonPath = '' }, index): FieldError[] => {
    const at = `${path}[${index}].jsonPath`
    if (jsonPath === '') return [required(at)]
    const found = fieldAt(schema ?? {}, jsonPath, { brackets: false })
    if (typeof found === 'string') return [invalid(at, jsonPath, `is an invalid path: ${found}`)]
    const own: FieldError[] = []
    if (/^metadata(?:[.[]|$)/.test(found.path)) own.push(invalid(at, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? ''))
      own.push(
        invalid(
          at,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      )
    if (seen.has(found.path)) own.push(duplicate(at, jsonPath))
    seen.add(found.path)
    return own
  })
  return seen.size > SELECTABLE_MAX ? [...errors, tooMany(path, seen.size, SELECTABLE_MAX)] : errors
}

function conversionErrors({ strategy = '', webhook }: CustomResourceConversion): FieldError[] {
  const errors = closedSet('spec.conversion.strategy', strategy, ['None', 'Webhook'])
  const [configPath, versionsPath] = ['spec.conversion.webhookClientConfig', 'spec.conversion.conversionReviewVersions']
  const { clientConfig, conversionReviewVersions: versions = [] } = webhook ?? {}
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook'
    if (clientConfig) errors.push(forbidden(configPath, why))
    if (versions.length > 0) errors.push(forbidden(versionsPath, why))
    return errors
  }
  if (!clientConfig) errors.push(required(configPath, 'required when strategy is set to Webhook'))
  else {
    const { url, service } = clientConfig
    if ((url === undefined) === (service === undefined)) errors.push(required(configPath, 'exactly one of url or service is required'))
    else if (url !== undefined) errors.push(...urlErrors(url, `${configPath}.url`))
    else if (service) errors.push(...serviceErrors(service, `${configPath}.service`))
  }
  if (versions.length === 0) return [...errors, required(versionsPath)]
  for (const [index, version] of versions.entries()) {
    const at = `${versionsPath}[${index}]`
    if (versions.indexOf(version) < index) errors.push(invalid(at, version, 'duplicate version'))
    else for (const problem of dns1035Label(version)) errors.push(invalid(at, version, problem))
  }
  if (!versions.some((v) => REVIEW_VERSIONS.includes(v)))
    errors.push(invalid(versionsPath, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`))
  return errors
}

type Approval = 'missing' | 'approved' | 'bypassed' | 'invalid'

/** Groups of the community's own need a word that somebody looked at the API. */
function approvalErrors(
  annotations: Readonly<Record<string, string>> | undefined,
  before: Readonly<Record<string, string>> | undefined,
  group: string,
): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const now = approvalOf(annotations?.[APPROVED])
  if (before && approvalOf(before[APPROVED]) === now) return []
  const path = `metadata.annotations[${APPROVED}]`
  const wanted = `protected groups must have approval annotation "${APPROVED}"`
  if (now === 'missing') return [required(path, `${wanted}, see ${APPROVAL_PAGE}`)]
  if (now === 'invalid')
    return [
      invalid(path, annotations?.[APPROVED], `${wanted} with either a URL or a reason starting with "unapproved", see ${APPROVAL_PAGE}`),
    ]
  return []
}

function approvalOf(text: string | undefined): Approval {
  if (!text) return 'missing'
  if (text.startsWith('unapproved')) return 'bypassed'
  return URL.canParse(text) && /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.test(text) ? 'approved' : 'invalid'
}

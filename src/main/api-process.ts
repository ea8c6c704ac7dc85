/** The API server as a process: keys and store on disk, listeners, renewals, and kubeconfigs for the administrator and the control plane's other components. */

import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { nodes } from '#api/core/v1/node.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { reconcileBootstrapRoles } from '#apiserver/authorization/bootstrap-roles.ts'
import { clientCertificates } from '#apiserver/authentication/client-certificate.ts'
import { frontProxy } from '#apiserver/authentication/front-proxy.ts'
import { MalformedUserFile, passwords, staticTokens } from '#apiserver/authentication/user-files.ts'
import { encryptedStore } from '#apiserver/encryption/encrypted-store.ts'
import { kubeconfig } from '#apiserver/pki/kubeconfig.ts'
import { openPki, writeFile, type Pki } from '#apiserver/pki/pki.ts'
import { virtualResources } from '#apiserver/encode/known-kinds.ts'
import { describeGates, FeatureGateError, parseFeatureGates, type FeatureGates } from '#apiserver/feature-gates.ts'
import { openKubeletConnection } from '#apiserver/proxy/kubelet-connection.ts'
import { servedResources } from '#apiserver/registry/served.ts'
import { unstableResources } from '#apiserver/registry/served/unstable.ts'
import { parseRuntimeConfig, RuntimeConfigError } from '#apiserver/runtime-config.ts'
import { serveApi } from '#apiserver/server/serve.ts'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { Metrics } from '#base/metrics.ts'
import { systemRandom } from '#base/random.ts'
import { OperatorError } from '#cli/command.ts'
import { StatusError } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { queueMetrics, type QueueMetrics } from '#client/queue-metrics.ts'
import type { Resource } from '#schema/resource.ts'
import { writeSnapshot } from '#store/snapshot/snapshot.ts'
import { CannotListen } from '#wire/https-server.ts'
import { admissionSelection, explainAdmission } from './api-admission.ts'
import { auditOf } from './audit-settings.ts'
import { encryptionOf } from './encryption-settings.ts'
import { assembleApi, type AssembledApi, type AssembleParts } from './assemble-api.ts'
import { processMetrics } from './process-metrics.ts'
import { apiSettings, type ApiSettings } from './control-plane-settings.ts'
import { makeDirectory, writing } from '#cli/data-directory.ts'
import { listenerOf } from './listener-settings.ts'
import { flagValues, UsageError } from '#base/settings.ts'
import { databaseBytes, datastoreOf, openDatastore } from './datastore.ts'
import { openPast, type Past } from './past.ts'
import { openAuthentication } from './api-authentication.ts'
import { openAuthorization } from './api-authorization.ts'
import { scheduledSnapshotsOf, startSnapshots } from './snapshot-settings.ts'
import { trustedAuthorities } from './trusted-authorities.ts'
import { serviceAccountIssuer, type AccountTokenSigner } from './service-account-issuer.ts'

export interface ApiProcess extends AsyncDisposable {
  readonly assembled: AssembledApi
  /** For loops in the same process, whose queues `/metrics` shows too. */
  readonly queues: QueueMetrics
  readonly pki: Pki
  /** For the controller that keeps tokens in Secrets. */
  readonly signAccountToken: AccountTokenSigner
  /** What is shown is the past, and nothing may be written. */
  readonly past?: Past
}

const RENEW_EVERY_MS = 24 * 3600 * 1000
const KUBECONFIGS = [
  ['admin', 'admin.kubeconfig', 'kubernetes-admin'],
  ['controllerManager', 'controller-manager.kubeconfig', 'system:kube-controller-manager'],
  ['scheduler', 'scheduler.kubeconfig', 'system:kube-scheduler'],
] as const
/** Common names of those who may speak for others. */
const LOOPBACK = /^(127\.|::1$|localhost$)/
const NOT_FOR_OTHERS = /^(127\.|::1$|0\.0\.0\.0$|::$)/

/** Starts serving; `/readyz` answers 200 once the default roles stand. Throws `OperatorError` for what the operator can mend. */
export async function startApi(settings: ApiSettings, log: Log, components: NonNullable<AssembleParts['components']>): Promise<ApiProcess> {
  const gates = featureGates(settings.featureGates)
  const enabled = runtimeConfig(settings.runtimeConfig)
  const admission = await admissionSelection(settings)
  const listener = listenerOf(settings)
  const scheduled = scheduledSnapshotsOf(settings)
  const clock = systemClock
  const random = systemRandom
  const addresses = settings.bindAddress.length > 0 ? settings.bindAddress : ['0.0.0.0']
  const bound = settings.advertiseAddress ?? addresses.find((a) => a !== '0.0.0.0' && a !== '::')
  // nobody else reaches a loopback address, and no endpoint may have one: as upstream's does, the server names the machine's own
  const advertise = settings.advertiseAddress ?? addresses.find((a) => !NOT_FOR_OTHERS.test(a)) ?? machineAddress() ?? '127.0.0.1'
  const past = await openPast(settings, bound ?? advertise, log)
  const directory = past?.directory ?? settings.dataDirectory
  if (!past) makeDirectory(directory, 'data-dir')
  const opening = past ? Promise.resolve(past.store) : openDatastore(settings, bound ?? advertise, log)
  opening.catch(() => {}) // awaited below; the keys are made meanwhile
  const keys = () => openPki({ directory: join(directory, 'pki'), clock, random, hosts: [...addresses, advertise, ...settings.tlsNames] })
  let pki: Pki
  try {
    pki = writing(directory, 'data-dir', keys)
  } catch (error) {
    await opening.then((store) => store[Symbol.asyncDispose]()).catch(() => {})
    await past?.[Symbol.asyncDispose]()
    throw error
  }
  const store = await opening
  const opened = new AsyncDisposableStack()
  try {
    const encryption = opened.use(await encryptionOf(settings, { resources: storedResources(), clock, random, log }))
    const { issuer: tokenIssuer, signAccountToken } = serviceAccountIssuer(settings, { pki, clock, random })
    const trusted = trustedAuthorities(settings, pki)
    const authorization = opened.use(openAuthorization(settings, { clock, random, log }))
    const authentication = opened.use(openAuthentication(settings, { clock, random, log, tokenIssuer }))
    const auditing = auditOf(settings, { clock, log })
    let rolesStand = past !== undefined
    const ofLoops = new Metrics()
    const ofProcess = processMetrics(describeGates(gates))
    const assembled = await assembleApi({
      components,
      store: encryption ? encryptedStore({ store, ciphersOf: encryption.ciphersOf, log }) : store,
      snapshot: () => writeSnapshot(store), // values as they lie, encrypted ones too
      ...(past && {
        readOnly: `this server shows the cluster as of resourceVersion ${past.revision} and takes no writes`,
        withDefaultObjects: false,
      }),
      ...(datastoreOf(settings) === 'sqlite' && !past && { storeBytes: () => databaseBytes(directory) }),
      processMetrics: async () => ofLoops.text() + (await ofProcess()),
      clock,
      random,
      log,
      serviceCidr: settings.serviceCidr,
      nodePortRange: portRange(settings.nodePorts),
      advertised: { address: advertise, port: settings.securePort },
      sharedStore: datastoreOf(settings) === 'etcd' && !past,
      tokenIssuer,
      ...(auditing && { audit: auditing.audit }),
      process: { name: 'kube-apiserver', started: clock.now(), flags: flagValues(apiSettings, settings) },
      frontProxy: {
        certificate: () => pki.pair('frontProxyClient'),
        ca: () => trusted.proxies().join(''),
        clientCa: () => trusted.clients().join(''),
        allowedNames: trusted.proxyNames,
      },
      anonymous: authentication.anonymous,
      ...(settings.priorityAndFairness
        ? { flow: { seats: settings.readsInFlight + settings.writesInFlight, soon: (run: () => void) => void setImmediate(run) } }
        : { limits: { readOnly: settings.readsInFlight, mutating: settings.writesInFlight } }),
      cbor: gates.CBORServingAndStorage,
      constrainedImpersonation: gates.ConstrainedImpersonation,
      enabled,
      admission,
      authorization: authorization.authorizer,
      authenticators: [
        frontProxy({ authorities: trusted.proxies, allowedNames: trusted.proxyNames, clock }),
        clientCertificates({ authorities: trusted.clients, clock }),
        ...(settings.passwordFile === undefined ? [] : [readUsers(settings.passwordFile, passwords)]),
      ],
      tokenAuthenticators: settings.tokenFile === undefined ? [] : [readUsers(settings.tokenFile, staticTokens)],
      remoteTokenAuthenticators: authentication.tokens,
      bootstrapTokens: settings.bootstrapTokens,
      kubelets: (listers) =>
        openKubeletConnection({ nodes: listers.lister(nodes), tls: () => ({ ...pki.pair('kubeletClient'), ca: pki.ca.cert }), clock, log }),
      healthChecks: [
        ...(encryption ? [{ name: 'kms-providers', check: () => encryption.check().then(() => undefined) }] : []),
        {
          name: 'poststarthook/rbac/bootstrap-roles',
          check: async () => {
            if (!rolesStand) throw new Error('not finished')
          },
        },
      ],
    }).catch(explainAdmission)
    const { metrics } = assembled.api
    const tls = () => ({ ...pki.pair('serving'), clientCa: [...trusted.clients(), ...trusted.proxies()].join('') })
    const servers = await Promise.all(
      addresses.map((host) =>
        serveApi({
          ...listener,
          goAway: () => listener.goAwayChance > 0 && random.next() < listener.goAwayChance,
          handler: assembled.handler,
          tls,
          host,
          port: settings.securePort,
          clock,
          log,
          metrics,
        }).catch(explain),
      ),
    )
    const local =
      addresses.find((a) => LOOPBACK.test(a)) ?? (addresses.includes('0.0.0.0') || addresses.includes('::') ? '127.0.0.1' : addresses[0]!)
    for (const [holder, file, user] of past ? KUBECONFIGS.slice(0, 1) : KUBECONFIGS) {
      const text = kubeconfig({ server: `https://${local}:${servers[0]!.port}`, ca: pki.ca.cert, user, credentials: pki.pair(holder) })
      writing(directory, 'data-dir', () => writeFile(join(directory, file), text, 0o600))
    }
    const client = createClient(assembled.transport({ username: 'system:apiserver', groups: ['system:masters'] }), {
      userAgent: 'kube-apiserver',
    })
    if (!past) await settingUp(directory, reconcileBootstrapRoles(client))
    // a list waits for the cache, which authorization reads from: nobody is refused for having been early
    await Promise.all(
      ([clusterRoles, clusterRoleBindings, roles, roleBindings] as readonly Resource[]).map((resource) =>
        client.list(resource, { limit: 1 }),
      ),
    )
    rolesStand = true

    let renewal: Disposable | undefined
    const renew = () => {
      renewal = clock.timer(RENEW_EVERY_MS, () => {
        const replaced = pki.renew()
        if (replaced.length > 0) {
          log.info('certificates renewed', { replaced })
          for (const server of servers) server.reload()
        }
        renew()
      })
    }
    renew()
    const snapshots = scheduled && startSnapshots(scheduled, { snapshot: () => writeSnapshot(store), clock, random, log, metrics: ofLoops })
    return {
      assembled,
      queues: queueMetrics(ofLoops),
      pki,
      signAccountToken,
      ...(past && { past }),
      async [Symbol.asyncDispose]() {
        renewal?.[Symbol.dispose]()
        await snapshots?.[Symbol.asyncDispose]()
        await Promise.all(servers.map((server) => server.close()))
        await assembled[Symbol.asyncDispose]()
        await auditing?.[Symbol.asyncDispose]()
        await opened.disposeAsync()
        await store[Symbol.asyncDispose]()
        await past?.[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await opened.disposeAsync()
    await Promise.resolve(store[Symbol.asyncDispose]()).catch(() => {})
    await past?.[Symbol.asyncDispose]()
    throw error
  }
}

/** Objects a server makes as it starts: what keeps it from them, a full disk perhaps, is for the operator to mend. */
export async function settingUp<T>(directory: string, made: Promise<T>): Promise<T> {
  try {
    return await made
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new OperatorError(`cannot store in ${directory} what every cluster has: ${error.message}`, { cause: error })
  }
}

function explain(error: unknown): never {
  if (error instanceof CannotListen) throw new OperatorError(error.message, { cause: error })
  throw error
}

function readUsers<T>(file: string, read: (text: string, file: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof MalformedUserFile) throw new OperatorError(error.message, { cause: error })
    throw new OperatorError(`cannot read ${file}: ${(error as Error).message}`, { cause: error })
  }
}

function portRange(text: string): readonly [number, number] {
  const found = /^(\d+)-(\d+)$/.exec(text)
  if (found === null)
    throw new UsageError(`invalid argument "${text}" for "--service-node-port-range" flag: expected two ports with a hyphen between`)
  return [Number(found[1]), Number(found[2])]
}

function featureGates(words: readonly string[]): FeatureGates {
  try {
    return parseFeatureGates(words)
  } catch (error) {
    if (!(error instanceof FeatureGateError)) throw error
    throw new UsageError(`invalid argument ${JSON.stringify(words.join(','))} for "--feature-gates" flag: ${error.message}`)
  }
}

function storedResources(): readonly Resource[] {
  // the strategy of Services matters to who stores them only
  return servedResources({} as never).map((s) => s.resource)
}

function runtimeConfig(words: readonly string[]): (resource: Resource) => boolean {
  try {
    return parseRuntimeConfig(words, [...storedResources(), ...unstableResources, ...virtualResources])
  } catch (error) {
    if (!(error instanceof RuntimeConfigError)) throw error
    throw new UsageError(`invalid argument ${JSON.stringify(words.join(','))} for "--runtime-config" flag: ${error.message}`)
  }
}

/** The first address of this machine that others may reach it at. */
function machineAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of ?? [])
  return addresses.find((a) => a.family === 'IPv4' && !a.internal && !a.address.startsWith('169.254.'))?.address
}

/** An operator on `@dot-i/k8s-operator`: it brings the kind Database, and gives each one a Secret, a Deployment and volumes that end with it. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { ApiException, AppsV1Api, KubeConfig, type V1OwnerReference, type V1Deployment } from '@kubernetes/client-node'
import framework, { type ResourceEvent } from '@dot-i/k8s-operator'

const FINALIZER = 'databases.example.org/volumes'

interface DatabaseEvent extends ResourceEvent {
  readonly object: ResourceEvent['object'] & {
    readonly spec: { readonly engine: string; readonly replicas: number }
    readonly status?: { readonly observedGeneration?: number }
  }
}

class DatabaseOperator extends framework.default {
  readonly #apps: AppsV1Api

  constructor() {
    const say = (level: string) => (message: string) => void process.stdout.write(`${level}: ${message}\n`)
    super({ debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') })
    const config = new KubeConfig()
    config.loadFromDefault()
    this.#apps = config.makeApiClient(AppsV1Api)
  }

  protected override async init(): Promise<void> {
    const { group, versions, plural } = await this.registerCustomResourceDefinition(join(import.meta.dirname, 'database-definition.yaml'))
    await this.watchResource(group, versions[0]!.name, plural, async (event) => {
      try {
        if (event.type === framework.ResourceEventType.Deleted) return this.logger.info(`gone ${event.meta.name}`)
        if (await this.handleResourceFinalizer(event, FINALIZER, (deleted) => this.#deleteVolumes(deleted))) return
        await this.#reconcile(event as DatabaseEvent)
      } catch (error) {
        this.logger.error(`${event.meta.name}: ${String(error)}`)
      }
    })
    await this.watchResource('apps', 'v1', 'deployments', (event) => this.#reportReplicas(event.object as V1Deployment))
  }

  async #reconcile({ meta, object }: DatabaseEvent): Promise<void> {
    const { generation, uid } = object.metadata!
    if (object.status?.observedGeneration === generation) return
    const namespace = meta.namespace!
    const owner = { apiVersion: meta.apiVersion, kind: meta.kind, name: meta.name, uid: uid!, controller: true, blockOwnerDeletion: true }
    await unlessThere(
      this.k8sApi.createNamespacedSecret(namespace, {
        metadata: { name: `${meta.name}-password`, ownerReferences: [owner] },
        stringData: { password: randomBytes(8).toString('hex') },
      }),
    )
    for (let i = 0; i < object.spec.replicas; i++) await this.#writeVolume(namespace, meta.name, i)
    await this.#writeDeployment(namespace, meta.name, object.spec, owner)
    await this.setResourceStatus(meta, { observedGeneration: generation, phase: 'Provisioned', replicas: object.spec.replicas })
  }

  /** Without an owner: a volume outlives what uses it, until the finalizer of the Database sees to it. */
  async #writeVolume(namespace: string, name: string, index: number): Promise<void> {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
    const metadata = { name: `${name}-${index}`, labels: { database: name } }
    await unlessThere(this.k8sApi.createNamespacedPersistentVolumeClaim(namespace, { metadata, spec }))
  }

  async #writeDeployment(namespace: string, name: string, spec: DatabaseEvent['object']['spec'], owner: V1OwnerReference): Promise<void> {
    const labels = { database: name }
    const volumes = Array.from({ length: spec.replicas }, (_, i) => ({
      name: `data-${i}`,
      persistentVolumeClaim: { claimName: `${name}-${i}` },
    }))
    const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` }))
    const body: V1Deployment = {
      metadata: { name, labels, ownerReferences: [owner] },
      spec: {
        replicas: spec.replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { volumes, containers: [{ name: 'database', image: `${spec.engine}:1`, volumeMounts }] } },
      },
    }
    try {
      await this.#apps.createNamespacedDeployment({ namespace, body })
    } catch (error) {
      if (!(error instanceof ApiException) || error.code !== 409) throw error
      await this.#apps.replaceNamespacedDeployment({ namespace, name, body })
    }
  }

  /** The finalizer keeps the Database until its volumes are on their way out. */
  async #deleteVolumes({ meta }: ResourceEvent): Promise<void> {
    const selector = `database=${meta.name}`
    const { body } = await this.k8sApi.listNamespacedPersistentVolumeClaim(
      meta.namespace!,
      undefined,
      undefined,
      undefined,
      undefined,
      selector,
    )
    for (const claim of body.items) await this.k8sApi.deleteNamespacedPersistentVolumeClaim(claim.metadata!.name!, meta.namespace!)
    this.logger.info(`deleted ${body.items.length} volumes of ${meta.name}`)
  }

  async #reportReplicas({ metadata, status }: V1Deployment): Promise<void> {
    const owner = metadata!.ownerReferences?.find((reference) => reference.kind === 'Database')
    if (owner === undefined || metadata!.deletionTimestamp !== undefined) return
    this.logger.info(`replicas of ${owner.name}: ${status?.replicas ?? 0}`)
  }
}

const operator = new DatabaseOperator()
await operator.start()
process.on('SIGTERM', () => {
  operator.stop()
  process.exit(0)
})

/** Waits for what the older client answers: its errors carry the response. */
async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation
  } catch (error) {
    const { statusCode } = (error as { response?: { statusCode?: number } }).response ?? {}
    if (statusCode !== 409) throw error
  }
}

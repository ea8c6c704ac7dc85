/** What the runtime holds for one pod, in the order decisions need it. */

import type { ContainerStatus, Runtime, SandboxStatus } from '#runtime/runtime.ts'

export interface ViewedContainer extends ContainerStatus {
  readonly sandboxId: string
}

export interface PodView {
  /** Newest first. */
  readonly sandboxes: readonly SandboxStatus[]
  /** Newest first. */
  readonly containers: readonly ViewedContainer[]
}

/** Labels by which containers are found again, as upstream's kubelet writes them; tools like `crictl` show them. */
export const LABEL_POD_NAME = 'io.kubernetes.pod.name'
export const LABEL_POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const LABEL_POD_UID = 'io.kubernetes.pod.uid'
export const LABEL_CONTAINER = 'io.kubernetes.container.name'
export const ANNOTATION_HASH = 'io.kubernetes.container.hash'
export const ANNOTATION_RESTARTS = 'io.kubernetes.container.restartCount'
export const ANNOTATION_MESSAGE_PATH = 'io.kubernetes.container.terminationMessagePath'
export const ANNOTATION_MESSAGE_POLICY = 'io.kubernetes.container.terminationMessagePolicy'
export const ANNOTATION_GRACE = 'io.kubernetes.pod.terminationGracePeriod'

/** Asks the runtime; pods are found by the uid label. */
export async function readView(runtime: Runtime, uid: string): Promise<PodView> {
  const labels = { [LABEL_POD_UID]: uid }
  const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(labels), runtime.listContainers(labels)])
  const [sandboxStatuses, statuses] = await Promise.all([
    Promise.all(sandboxes.map((s) => runtime.sandboxStatus(s.id))),
    Promise.all(
      containers.map(async (c): Promise<ViewedContainer | undefined> => {
        const status = await runtime.containerStatus(c.id)
        return status && { ...status, sandboxId: c.sandboxId }
      }),
    ),
  ])
  return {
    sandboxes: sandboxStatuses
      .filter((s) => s !== undefined)
      .toSorted((a, b) => b.createdAt - a.createdAt || b.identity.attempt - a.identity.attempt),
    containers: statuses.filter((c) => c !== undefined).toSorted((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt),
  }
}

/** The newest container of a name. */
export function newest(view: PodView, name: string): ViewedContainer | undefined {
  return view.containers.find((c) => c.name === name)
}

export function restartsOf(c: ContainerStatus): number {
  return Number(c.annotations[ANNOTATION_RESTARTS] ?? c.attempt)
}

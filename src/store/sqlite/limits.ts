/** Limits that both sides of the thread must agree on. */

/** Writes one commit may hold; Kubernetes writes one or two, a lease that ends deletes in parts of this size. */
export const COMMIT_WRITES_MAX = 1000

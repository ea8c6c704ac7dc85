/** Declares DeleteOptions (meta/v1). */

import { bool, int64, list, message, opt, string } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class CreateOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.CreateOptions', {
  dryRun: opt(1, list(string)),
  fieldManager: opt(3, string),
  fieldValidation: opt(4, string),
}) {}

export class UpdateOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.UpdateOptions', {
  dryRun: opt(1, list(string)),
  fieldManager: opt(2, string),
  fieldValidation: opt(3, string),
}) {}

export class PatchOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.PatchOptions', {
  dryRun: opt(1, list(string)),
  force: opt(2, bool, { keepsZero: true }),
  fieldManager: opt(3, string),
  fieldValidation: opt(4, string),
}) {}

export class Preconditions extends message('k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions', {
  uid: opt(1, string, { keepsZero: true }),
  resourceVersion: opt(2, string, { keepsZero: true }),
}) {}

export class DeleteOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
  gracePeriodSeconds: opt(1, int64(), { keepsZero: true }),
  preconditions: opt(2, Preconditions),
  orphanDependents: opt(3, bool, { keepsZero: true }),
  propagationPolicy: opt(4, string, { keepsZero: true }),
  dryRun: opt(5, list(string, { listType: 'atomic' })),
  ignoreStoreReadErrorWithClusterBreakingPotential: opt(6, bool),
}) {}

export class GetOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.GetOptions', {
  resourceVersion: opt(1, string),
}) {}

export class ListOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.ListOptions', {
  labelSelector: opt(1, string),
  fieldSelector: opt(2, string),
  watch: opt(3, bool),
  allowWatchBookmarks: opt(9, bool),
  resourceVersion: opt(4, string),
  resourceVersionMatch: opt(10, string),
  timeoutSeconds: opt(5, int64(), { keepsZero: true }),
  limit: opt(7, int64()),
  continue: opt(8, string),
  sendInitialEvents: opt(11, bool, { keepsZero: true }),
  shardSelector: opt(15, string),
}) {}

export class ApplyOptions extends object('k8s.io.apimachinery.pkg.apis.meta.v1.ApplyOptions', {
  dryRun: opt(1, list(string)),
  force: opt(2, bool, { keepsZero: true }),
  fieldManager: opt(3, string),
}) {}

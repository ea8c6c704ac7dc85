/** Declares DeleteOptions (meta/v1). */

import { bool, int64, list, message, opt, string } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class CreateOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.CreateOptions',
  {
    dryRun: opt(1, list(string), { doc: 'All to run every stage but not store the result.' }),
    fieldManager: opt(3, string, { doc: 'Name of whoever makes the change; up to 128 printable characters.' }),
    fieldValidation: opt(4, string, { doc: 'What to do about unknown or duplicate fields: Ignore, Warn (the default) or Strict.' }),
  },
  { doc: 'Options of a create request.' },
) {}

export class UpdateOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.UpdateOptions',
  {
    dryRun: opt(1, list(string), { doc: 'All to run every stage but not store the result.' }),
    fieldManager: opt(2, string, { doc: 'Name of whoever makes the change; up to 128 printable characters.' }),
    fieldValidation: opt(3, string, { doc: 'What to do about unknown or duplicate fields: Ignore, Warn (the default) or Strict.' }),
  },
  { doc: 'Options of an update request.' },
) {}

export class PatchOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.PatchOptions',
  {
    dryRun: opt(1, list(string), { doc: 'All to run every stage but not store the result.' }),
    force: opt(2, bool, { doc: 'Takes over fields that other managers own; for apply patches only.', keepsZero: true }),
    fieldManager: opt(3, string, { doc: 'Name of whoever makes the change; demanded for apply patches.' }),
    fieldValidation: opt(4, string, { doc: 'What to do about unknown or duplicate fields: Ignore, Warn (the default) or Strict.' }),
  },
  { doc: 'Options of a patch request.' },
) {}

export class Preconditions extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Preconditions',
  {
    uid: opt(1, string, { doc: 'UID the object must have.', keepsZero: true }),
    resourceVersion: opt(2, string, { doc: 'Resource version the object must be at.', keepsZero: true }),
  },
  { doc: 'What must be true of the stored object for the request to go ahead.' },
) {}

export class DeleteOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  {
    gracePeriodSeconds: opt(1, int64(), {
      doc: 'Seconds to let the object wind down; 0 deletes at once. The kind has a default.',
      keepsZero: true,
    }),
    preconditions: opt(2, Preconditions, { doc: 'What must hold, else the answer is 409 Conflict.' }),
    orphanDependents: opt(3, bool, {
      doc: 'Whether to leave dependents behind; propagationPolicy says it better. At most one of the two. Deprecated.',
      deprecated: true,
      keepsZero: true,
    }),
    propagationPolicy: opt(4, string, { doc: 'What becomes of dependents: Orphan, Background or Foreground.', keepsZero: true }),
    dryRun: opt(5, list(string, { listType: 'atomic' }), { doc: 'All to run every stage but not store the result.' }),
    ignoreStoreReadErrorWithClusterBreakingPotential: opt(6, bool, {
      doc: 'Deletes even what cannot be read from the store, skipping finalizers; dangerous.',
    }),
  },
  { doc: 'Options of a delete request.' },
) {}

export class GetOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GetOptions',
  {
    resourceVersion: opt(1, string, { doc: 'Answer from a state no older than this; empty for the latest.' }),
  },
  { doc: 'Options of a get request.' },
) {}

export class ListOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ListOptions',
  {
    labelSelector: opt(1, string, { doc: 'Only objects whose labels match; everything by default.' }),
    fieldSelector: opt(2, string, { doc: 'Only objects whose fields match; everything by default.' }),
    watch: opt(3, bool, { doc: 'Streams changes as they happen in place of a list.' }),
    allowWatchBookmarks: opt(9, bool, { doc: 'Lets the server send BOOKMARK events that only carry a resource version.' }),
    resourceVersion: opt(4, string, { doc: 'State to read at or to watch from; how exactly is up to resourceVersionMatch.' }),
    resourceVersionMatch: opt(10, string, { doc: 'How resourceVersion applies to a list: Exact or NotOlderThan.' }),
    timeoutSeconds: opt(5, int64(), { doc: 'Seconds after which the request ends, whatever happens.', keepsZero: true }),
    limit: opt(7, int64(), { doc: 'Most objects to answer with; the rest follows by the continue token.' }),
    continue: opt(8, string, { doc: 'Token of the page before, to get the next one.' }),
    sendInitialEvents: opt(11, bool, {
      doc: 'Starts a watch with ADDED events of what exists, then a bookmark that marks the end.',
      keepsZero: true,
    }),
    shardSelector: opt(15, string, { doc: 'Only objects of one shard, by a range of hashes.' }),
  },
  { doc: 'Options of a list or watch request.' },
) {}

export class ApplyOptions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ApplyOptions',
  {
    dryRun: opt(1, list(string), { doc: 'All to run every stage but not store the result.' }),
    force: opt(2, bool, { doc: 'Takes over fields that other managers own.', keepsZero: true }),
    fieldManager: opt(3, string, { doc: 'Name of whoever applies; demanded.' }),
  },
  { doc: 'Options of an apply request.' },
) {}

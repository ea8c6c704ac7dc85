/** Declares what tells all groups, versions and resources at once (apidiscovery.k8s.io), alike in both of its versions. */

import { GroupVersionKind } from '#api/meta/v1/group-version.ts'
import { ListMeta } from '#api/meta/v1/list-meta.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { object } from '#schema/resource.ts'
import { list, message, opt, string, val } from '#schema/message.ts'

export class APISubresourceDiscovery extends message(
  'k8s.io.api.apidiscovery.v2.APISubresourceDiscovery',
  {
    subresource: opt(1, string, { doc: 'Its name in paths.' }),
    responseKind: opt(2, GroupVersionKind, { doc: 'Kind of what it answers.' }),
    acceptedTypes: opt(3, list(GroupVersionKind), { doc: 'Kinds it takes.' }),
    verbs: opt(4, list(string), { doc: 'What can be done.' }),
  },
  { doc: 'A subresource.' },
) {}

export class APIResourceDiscovery extends message(
  'k8s.io.api.apidiscovery.v2.APIResourceDiscovery',
  {
    resource: opt(1, string, { doc: 'Plural, as in paths.' }),
    responseKind: opt(2, GroupVersionKind, { doc: 'Kind of its objects.' }),
    scope: opt(3, string, { doc: 'Cluster or Namespaced.' }),
    singularResource: opt(4, string, { doc: 'The name of one.' }),
    verbs: opt(5, list(string), { doc: 'What can be done.' }),
    shortNames: opt(6, list(string), { doc: 'Shorter names for the command line.' }),
    categories: opt(7, list(string), { doc: 'Collections it belongs to, such as all.' }),
    subresources: opt(8, list(APISubresourceDiscovery), { doc: 'What lies below one object.' }),
  },
  { doc: 'A resource.' },
) {}

export class APIVersionDiscovery extends message(
  'k8s.io.api.apidiscovery.v2.APIVersionDiscovery',
  {
    version: opt(1, string, { doc: 'The version.' }),
    resources: opt(2, list(APIResourceDiscovery), { doc: 'Its resources.' }),
    freshness: opt(3, string, { doc: 'Current, or Stale when the server behind does not answer.' }),
  },
  { doc: 'A version of a group.' },
) {}

export class APIGroupDiscovery extends object(
  'k8s.io.api.apidiscovery.v2.APIGroupDiscovery',
  {
    metadata: val(1, ObjectMeta, { doc: 'Names the group.' }),
    versions: opt(2, list(APIVersionDiscovery), { doc: 'Its versions, the best one first.' }),
  },
  { doc: 'A group.' },
) {}

export class APIGroupDiscoveryList extends object(
  'k8s.io.api.apidiscovery.v2.APIGroupDiscoveryList',
  {
    metadata: val(1, ListMeta, { doc: 'What is true of the list.' }),
    items: opt(2, list(APIGroupDiscovery), { doc: 'The groups.' }),
  },
  { doc: 'All groups.' },
) {}

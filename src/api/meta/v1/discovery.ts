/** Declares what tells which groups, versions and resources there are, version by version (meta/v1). */

import { object } from '#schema/resource.ts'
import { bool, list, message, opt, req, string, val } from '#schema/message.ts'

export class ServerAddressByClientCIDR extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
  {
    clientCIDR: req(1, string, { doc: 'Addresses of clients.' }),
    serverAddress: req(2, string, { doc: 'Where these find the server: host, port or both.' }),
  },
  { doc: 'Where clients of some addresses find the server.' },
) {}

export class GroupVersionForDiscovery extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
  {
    groupVersion: req(1, string, { doc: 'Group and version, as in apps/v1.' }),
    version: req(2, string, { doc: 'The version alone.' }),
  },
  { doc: 'A version of a group.' },
) {}

export class APIVersions extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIVersions',
  {
    versions: req(1, list(string, { listType: 'atomic' }), { doc: 'The versions.' }),
    serverAddressByClientCIDRs: req(2, list(ServerAddressByClientCIDR, { listType: 'atomic' }), { doc: 'Where the server is found.' }),
  },
  { doc: 'The versions of the core group.' },
) {}

export class APIGroup extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroup',
  {
    name: req(1, string, { doc: 'The group.' }),
    versions: req(2, list(GroupVersionForDiscovery, { listType: 'atomic' }), { doc: 'Its versions.' }),
    preferredVersion: val(3, GroupVersionForDiscovery, { doc: 'The version to use unless another is needed.' }),
    serverAddressByClientCIDRs: opt(4, list(ServerAddressByClientCIDR, { listType: 'atomic' }), { doc: 'Where the server is found.' }),
  },
  { doc: 'A group with its versions.' },
) {}

export class APIGroupList extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIGroupList',
  { groups: req(1, list(APIGroup, { listType: 'atomic' }), { doc: 'The groups.' }) },
  { doc: 'All groups but the core one.' },
) {}

export class APIResource extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIResource',
  {
    name: req(1, string, { doc: 'Plural, and for a subresource its name after a slash.' }),
    namespaced: req(2, bool, { doc: 'Whether objects live in namespaces.' }),
    kind: req(3, string, { doc: 'Kind of the objects.' }),
    verbs: req(4, list(string, { wrapped: true }), { doc: 'What can be done.' }),
    shortNames: opt(5, list(string, { listType: 'atomic' }), { doc: 'Shorter names for the command line.' }),
    singularName: req(6, string, { doc: 'The name of one.' }),
    categories: opt(7, list(string, { listType: 'atomic' }), { doc: 'Collections it belongs to, such as all.' }),
    group: opt(8, string, { doc: 'Group of the kind, where it is another.' }),
    version: opt(9, string, { doc: 'Version of the kind, where it is another.' }),
    storageVersionHash: opt(10, string, { doc: 'Changes with the stored form; to be compared only.' }),
  },
  { doc: 'A resource or subresource.' },
) {}

export class APIResourceList extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.APIResourceList',
  {
    groupVersion: req(1, string, { doc: 'Group and version.' }),
    resources: req(2, list(APIResource, { listType: 'atomic' }), { doc: 'The resources.' }),
  },
  { doc: 'The resources of a group and version.' },
) {}

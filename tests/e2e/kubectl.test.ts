/** The stock kubectl's commands one after another on a cluster with the simulated runtime: what they print and how they end. */

import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, kubectlPath, needsKubectl, runProgram, startCluster, type ClusterUnderTest, type Ran } from './cluster-under-test.ts'

const skip = needsKubectl
let c: ClusterUnderTest
let folder: string
before(async () => {
  if (skip) return
  folder = mkdtempSync(join(tmpdir(), 'k8ts-kubectl-'))
  c = await startCluster('--runtime', 'simulated', '--nodes', '2', '--no-demo')
})
after(async () => {
  if (skip) return
  await c[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** A line of words as a shell would split it: single quotes hold words together. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))
}

const run = (line: string, input?: string): Promise<Ran> => c.tryKubectl(words(line), input)

/** Runs the lines in order; each ends with 0 and prints what stands beside it. */
async function each(...lines: readonly (readonly [line: string, printed: string | RegExp])[]): Promise<void> {
  for (const [line, printed] of lines) {
    const ran = await run(line)
    equal(ran.code, 0, `kubectl ${line}: ${ran.err}`)
    if (typeof printed === 'string') equal(ran.out, printed, `kubectl ${line}`)
    else match(ran.out, printed)
  }
}

/** Ends with 1 and says on standard error what stands beside it. */
async function fails(line: string, said: RegExp): Promise<void> {
  const ran = await run(line)
  equal(ran.code, 1, `kubectl ${line} printed ${ran.out}`)
  match(ran.err, said)
}

function manifest(name: string, ...documents: readonly object[]): string {
  const file = join(folder, name)
  writeFileSync(file, documents.map((d) => `---\n${JSON.stringify(d)}\n`).join(''))
  return file
}

const configMap = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: value } })

test('create has a subcommand for most kinds', { skip }, async () => {
  await each(
    ['create namespace made', 'namespace/made created\n'],
    ['create configmap made --from-literal=a=b', 'configmap/made created\n'],
    ['create secret generic made --from-literal=a=b', 'secret/made created\n'],
    ['create secret docker-registry made-pull --docker-server=x --docker-username=u --docker-password=p', 'secret/made-pull created\n'],
    ['create serviceaccount made', 'serviceaccount/made created\n'],
    ['create role made --verb=get,list --resource=pods,pods/log', 'role.rbac.authorization.k8s.io/made created\n'],
    ['create rolebinding made --role=made --user=someone', 'rolebinding.rbac.authorization.k8s.io/made created\n'],
    ['create clusterrole made --verb=get --non-resource-url=/made', 'clusterrole.rbac.authorization.k8s.io/made created\n'],
    ['create clusterrolebinding made --clusterrole=made --group=some', 'clusterrolebinding.rbac.authorization.k8s.io/made created\n'],
    ['create poddisruptionbudget made --min-available=50% --selector=app=made', 'poddisruptionbudget.policy/made created\n'],
    ['create priorityclass made --value=10 --description=made', 'priorityclass.scheduling.k8s.io/made created\n'],
    ['create quota made --hard=configmaps=100', 'resourcequota/made created\n'],
    ['create service clusterip made --tcp=80:8080', 'service/made created\n'],
    ['create service nodeport made-node --tcp=80', 'service/made-node created\n'],
    ['create service loadbalancer made-balancer --tcp=80', 'service/made-balancer created\n'],
    ['create service externalname made-name --external-name=example.com', 'service/made-name created\n'],
    ['create deployment made --image=example/made:1 --port=80 --replicas=2', 'deployment.apps/made created\n'],
    ['create job made --image=example/made:1', 'job.batch/made created\n'],
    ["create cronjob made --image=example/made:1 --schedule='*/5 * * * *'", 'cronjob.batch/made created\n'],
    ['create job made-from --from=cronjob/made', 'job.batch/made-from created\n'],
    ['create ingress made --rule=example.com/made=made:80 --class=made', 'ingress.networking.k8s.io/made created\n'],
    ['create token made --duration=10m', /^[\w-]+\.[\w-]+\.[\w-]+\s*$/],
  )
  await fails('create configmap made', /^error: failed to create configmap: configmaps "made" already exists\n$/)
  await fails('create deployment Bad_Name --image=x', /Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of/)
})

test('a workload is changed in every way there is', { skip }, async () => {
  await each(
    ['create deployment web --image=example/web:1 --port=80', 'deployment.apps/web created\n'],
    ['rollout status deployment/web --timeout=30s', /successfully rolled out\n$/],
    ['expose deployment web --port=80 --target-port=8080', 'service/web exposed\n'],
    ['scale deployment web --replicas=3', 'deployment.apps/web scaled\n'],
    ['set image deployment/web web=example/web:2', 'deployment.apps/web image updated\n'],
    ['rollout status deployment/web --timeout=30s', /successfully rolled out\n$/],
    ['rollout history deployment/web', 'deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n'],
    ['rollout undo deployment/web', 'deployment.apps/web rolled back\n'],
    ['get deployment web -o jsonpath={.spec.template.spec.containers[0].image}', 'example/web:1'],
    ['rollout pause deployment/web', 'deployment.apps/web paused\n'],
    ['rollout resume deployment/web', 'deployment.apps/web resumed\n'],
    ['rollout restart deployment/web', 'deployment.apps/web restarted\n'],
    ['set env deployment/web A=b', 'deployment.apps/web env updated\n'],
    ['set env deployment/web --list', '# Deployment web, container web\nA=b\n'],
    ['set resources deployment/web --limits=cpu=1', 'deployment.apps/web resource requirements updated\n'],
    ['set serviceaccount deployment/web default', 'deployment.apps/web serviceaccount updated\n'],
    ['set selector service web app=web,tier=front', 'service/web selector updated\n'],
    ['label deployment web tier=front', 'deployment.apps/web labeled\n'],
    ['label deployment web tier-', 'deployment.apps/web unlabeled\n'],
    ['annotate deployment web note=this', 'deployment.apps/web annotated\n'],
    [`patch deployment web -p '{"spec":{"replicas":1}}'`, 'deployment.apps/web patched\n'],
    [`patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":2}]'`, 'deployment.apps/web patched\n'],
    [`patch deployment web --type=merge -p '{"spec":{"replicas":2}}'`, 'deployment.apps/web patched (no change)\n'],
    [`patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":1}}'`, 'scale.autoscaling/web patched\n'],
    ['autoscale deployment web --min=1 --max=3 --cpu-percent=80', 'horizontalpodautoscaler.autoscaling/web autoscaled\n'],
    [
      'get hpa web',
      /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nweb +Deployment\/web +cpu: <unknown>\/80% +1 +3 +0 +\d+s\n$/,
    ],
    ['get horizontalpodautoscalers.v1.autoscaling web -o jsonpath={.spec.targetCPUUtilizationPercentage}', '80'],
    ['wait --for=condition=Available deployment/web --timeout=30s', 'deployment.apps/web condition met\n'],
    ['wait --for=jsonpath={.spec.replicas}=1 deployment/web --timeout=5s', 'deployment.apps/web condition met\n'],
  )
  await fails('label deployment web app=other', /^error: 'app' already has a value \(web\), and --overwrite is false\n$/)
  await fails(
    'wait --for=condition=Never deployment/web --timeout=1s',
    /^error: timed out waiting for the condition on deployments\/web\n$/,
  )
  await fails('set image deployment/web other=x', /unable to find container named "other"/)
})

test('an editor changes what it was given', { skip }, async () => {
  await run('create configmap edited --from-literal=a=before')
  const editor = join(folder, 'editor')
  writeFileSync(editor, '#!/bin/sh\nsed -i s/before/after/ "$1"\n', { mode: 0o755 })
  const env = { ...process.env, KUBECONFIG: c.kubeconfig, HOME: c.home, KUBE_EDITOR: editor }
  const edited = await runProgram(kubectlPath!, ['edit', 'configmap', 'edited'], env)
  deepEqual([edited.code, edited.out], [0, 'configmap/edited edited\n'])
  await each(['get configmap edited -o jsonpath={.data.a}', 'after'])
})

test('manifests of several documents are applied, compared, replaced and deleted', { skip }, async () => {
  const before = manifest('before.yaml', configMap('one', '1'), configMap('two', '2'))
  const changed = manifest('changed.yaml', configMap('one', '9'), configMap('two', '2'))
  await each(
    [`apply -f ${before}`, 'configmap/one created\nconfigmap/two created\n'],
    [`apply -f ${before}`, 'configmap/one unchanged\nconfigmap/two unchanged\n'],
    [`diff -f ${before}`, ''],
    [`apply --dry-run=server -f ${changed}`, 'configmap/one configured (server dry run)\nconfigmap/two unchanged (server dry run)\n'],
    [`apply -f ${changed}`, 'configmap/one configured\nconfigmap/two unchanged\n'],
    [`apply view-last-applied configmap/one`, /a: "9"/],
    [`replace -f ${before}`, 'configmap/one replaced\nconfigmap/two replaced\n'],
    [`replace --force -f ${before}`, 'configmap "one" deleted\nconfigmap "two" deleted\nconfigmap/one replaced\nconfigmap/two replaced\n'],
  )
  await fails(`diff -f ${changed}`, /^$/)
  match((await run(`diff -f ${changed}`)).out, /^-  a: "1"\n\+  a: "9"$/m)
  await each([`delete -f ${before}`, 'configmap "one" deleted\nconfigmap "two" deleted\n'])
  await fails(`delete -f ${before}`, /configmaps "one" not found/)
})

test('server-side apply shares an object between managers', { skip }, async () => {
  const mine = manifest('mine.yaml', configMap('shared', '1'))
  const theirs = manifest('theirs.yaml', configMap('shared', '2'))
  await each(
    [`apply --server-side --field-manager=one -f ${mine}`, 'configmap/shared serverside-applied\n'],
    [`apply --server-side --field-manager=one -f ${mine}`, 'configmap/shared serverside-applied\n'],
    [`diff --server-side --field-manager=one -f ${mine}`, ''],
  )
  const conflict = await run(`apply --server-side --field-manager=two -f ${theirs}`)
  equal(conflict.code, 1)
  match(
    conflict.err,
    /^error: Apply failed with 1 conflict: conflict with "one": \.data\.a\nPlease review the fields above--they currently have other managers\./,
  )
  await each(
    [`apply --server-side --field-manager=two --force-conflicts -f ${theirs}`, 'configmap/shared serverside-applied\n'],
    ['get configmap shared -o jsonpath={.data.a}', '2'],
    [`get configmap shared --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}`, 'two'],
  )
})

test('what was applied by the client goes over to the server', { skip }, async () => {
  const before = manifest('client.yaml', { ...configMap('moved', '1'), data: { a: '1', gone: 'soon' } })
  const next = manifest('server.yaml', configMap('moved', '2'))
  await each(
    [`apply -f ${before}`, 'configmap/moved created\n'],
    [`apply --server-side -f ${next}`, 'configmap/moved serverside-applied\n'],
    ['get configmap moved -o jsonpath={.data}', '{"a":"2"}'],
    ['get configmap moved --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}', 'kubectl-last-applied kubectl'],
  )
})

test('get shows the same in every format', { skip }, async () => {
  await run('create configmap shown --from-literal=a=b')
  await each(
    ['get configmap shown -o name', 'configmap/shown\n'],
    ['get configmap shown -o jsonpath={.data.a}', 'b'],
    ["get configmap shown -o go-template='{{.data.a}}'", 'b'],
    ['get configmap shown -o custom-columns=NAME:.metadata.name,A:.data.a', 'NAME    A\nshown   b\n'],
    ['get configmap shown --no-headers', /^shown +1 +\d+s\n$/],
    ['get configmap -l nothing=here', ''],
    [
      'get nodes -o wide',
      /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\nnode-1 +Ready/,
    ],
    [
      'get services kubernetes -o wide',
      /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nkubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP +\S+ +<none>\n$/,
    ],
    ['get servicecidrs', /^NAME +CIDRS +AGE\nkubernetes +10\.96\.0\.0\/12 +\S+\n$/],
    ['get componentstatuses', /etcd-0 +Healthy/],
    ['get all', /service\/kubernetes/],
    ['get pods,services -o name', /service\/kubernetes/],
    ['get --raw /version', /"major":\s*"1"/],
    ['get --raw /statusz', /kube-apiserver statusz/],
  )
  const json = JSON.parse((await run('get configmap shown -o json')).out) as { data: object; kind: string }
  deepEqual([json.kind, json.data], ['ConfigMap', { a: 'b' }])
  match((await run('get configmap shown -o yaml')).out, /^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\n/)
  await fails('get nosuch', /^error: the server doesn't have a resource type "nosuch"\n$/)
  await fails('get pod nosuch', /^Error from server \(NotFound\): pods "nosuch" not found\n$/)
  await fails('get configmap --field-selector=data.a=b', /field label not supported: data\.a|is not a known field selector/)
})

test('get --watch follows', { skip }, async () => {
  const watching = c.startKubectl('get', 'configmaps', '-w', '--field-selector=metadata.name=followed', '--output-watch-events')
  let seen = ''
  watching.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()))
  const until = async (text: string) => {
    for (let tries = 0; tries < 200 && !new RegExp(text).test(seen); tries++) await new Promise((done) => setTimeout(done, 50))
    match(seen, new RegExp(text))
  }
  try {
    await new Promise((done) => setTimeout(done, 300))
    await run('create configmap followed')
    await until('ADDED +followed')
    await run('delete configmap followed')
    await until('DELETED +followed')
  } finally {
    watching.kill()
  }
})

test('who may do what is asked and reconciled', { skip }, async () => {
  const role = manifest('role.yaml', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reconciled', namespace: 'default' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  })
  await each(
    ['auth whoami', /Username +kubernetes-admin/],
    ['auth can-i create pods', 'yes\n'],
    ['auth can-i --list', /^Resources +Non-Resource URLs +Resource Names +Verbs\n\*\.\* +\[\] +\[\] +\[\*\]\n/],
    [`auth reconcile -f ${role}`, 'role.rbac.authorization.k8s.io/reconciled reconciled\n'],
    [`auth reconcile -f ${role}`, 'role.rbac.authorization.k8s.io/reconciled reconciled\n'],
  )
  const no = await run('auth can-i create pods --as=nobody')
  deepEqual([no.code, no.out], [1, 'no\n'])
})

test('the API is listed and explained', { skip }, async () => {
  await each(
    ['explain configmap.data', /^KIND: +ConfigMap\nVERSION: +v1\n\nFIELD: data <map\[string\]string>\n/],
    ['explain deployments.spec.strategy --recursive', /rollingUpdate\t<RollingUpdateDeployment>/],
    ['explain hpa --api-version=autoscaling/v1', /^GROUP: +autoscaling\nKIND: +HorizontalPodAutoscaler\nVERSION: +v1\n/],
    [
      'api-versions',
      /^admissionregistration\.k8s\.io\/v1\n[\s\S]*\nautoscaling\/v1\nautoscaling\/v2\nbatch\/v1\n[\s\S]*\nstorage\.k8s\.io\/v1\n/,
    ],
    [
      'api-resources --api-group=batch',
      /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\ncronjobs +cj +batch\/v1 +true +CronJob\njobs +batch\/v1 +true +Job\n$/,
    ],
    ['api-resources --categories=all -o name', /^pods\nreplicationcontrollers\nservices\n/],
    ['cluster-info', /Kubernetes control plane.* is running at/],
  )
})

test('nodes are tainted, cordoned and drained', { skip }, async () => {
  await each(
    ['taint nodes node-2 why=not:NoSchedule', 'node/node-2 tainted\n'],
    ['taint nodes node-2 why-', 'node/node-2 untainted\n'],
    ['cordon node-2', 'node/node-2 cordoned\n'],
    ['uncordon node-2', 'node/node-2 uncordoned\n'],
    ['run lonely --image=example/lonely:1', 'pod/lonely created\n'],
    ['delete pod lonely --now', /^pod "lonely" deleted/],
  )
  const drained = await run('drain node-2 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s')
  equal(drained.code, 0, drained.err)
  match(drained.out, /node\/node-2 drained\n$/)
  await each(['uncordon node-2', 'node/node-2 uncordoned\n'])
})

/* From here on each test is named after its conformance description. */

/** A namespace of its own, and the words that mean it. */
async function inNamespace(name: string): Promise<string> {
  await each([`create namespace ${name}`, `namespace/${name} created\n`])
  await eventually('a default service account', async () =>
    (await run(`-n ${name} get serviceaccount default`)).code === 0 ? true : undefined,
  )
  return `-n ${name}`
}

const controller = (name: string, labels: object, replicas: number, container: object) => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name, labels },
  spec: { replicas, selector: labels, template: { metadata: { labels }, spec: { containers: [container] } } },
})

const primaryLabels = { app: 'agnhost', role: 'primary' }
const primary = controller('agnhost-primary', primaryLabels, 1, {
  name: 'agnhost-primary',
  image: 'example/agnhost:2',
  ports: [{ name: 'agnhost-server', containerPort: 6379 }],
})
const primaryService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'agnhost-primary', labels: primaryLabels },
  spec: { selector: primaryLabels, ports: [{ port: 6379, targetPort: 'agnhost-server' }] },
}

/** The only pod with these labels, once it runs. */
async function runningPod(at: string, labels: string): Promise<string> {
  await each([`${at} wait --for=create pod -l ${labels} --timeout=30s`, /condition met/])
  await each([`${at} wait --for=condition=Ready pod -l ${labels} --timeout=30s`, /condition met/])
  return (await run(`${at} get pods -l ${labels} -o jsonpath={.items[*].metadata.name}`)).out
}

test('Kubectl client Kubectl api-versions should check if v1 is in available api versions', { skip }, async () => {
  await each(['api-versions', /^v1$/m])
})

test(
  'Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info',
  { skip },
  async () => {
    const server = (await run('config view -o jsonpath={.clusters[0].cluster.server}')).out
    const { out } = await run('cluster-info')
    // kubectl writes the words in colours
    match(out.replaceAll(/\u001b\[[\d;]*m/g, ''), new RegExp(`^Kubernetes control plane is running at ${server}$`, 'm'))
  },
)

test('Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods', { skip }, async () => {
  const at = await inNamespace('described')
  await each([`${at} create -f ${manifest('described.yaml', primary, primaryService)}`, /service\/agnhost-primary created/])
  const pod = await runningPod(at, 'app=agnhost')
  /** Each word pair stands in one line, and the lines stand in this order. */
  const says = async (what: string, ...lines: readonly (readonly string[])[]) => {
    const printed = (await run(`${at} describe ${what}`)).out.split('\n')
    let from = 0
    for (const line of lines) {
      const found = printed.findIndex((one, i) => i >= from && line.every((word) => one.includes(word)))
      equal(found >= from, true, `${line.join(' ')} of ${what}: ${printed.join('\n')}`)
      from = found
    }
  }
  const owned = [['Labels:', 'app=agnhost'], ['role=primary'], ['Annotations:']]
  await says(
    `pod ${pod}`,
    ['Name:', pod],
    ['Namespace:', 'described'],
    ['Node:', 'node-'],
    ...owned,
    ['Status:', 'Running'],
    ['IP:'],
    ['Controlled By:', 'ReplicationController/agnhost-primary'],
    ['Image:', 'example/agnhost:2'],
    ['State:', 'Running'],
    ['QoS Class:', 'BestEffort'],
  )
  await says(
    'rc agnhost-primary',
    ['Name:', 'agnhost-primary'],
    ['Namespace:', 'described'],
    ['Selector:', 'app=agnhost,role=primary'],
    ...owned,
    ['Replicas:', '1 current', '1 desired'],
    ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
    ['Pod Template:'],
    ['Image:', 'example/agnhost:2'],
    ['Events:'],
    ['SuccessfulCreate', 'replication-controller', `Created pod: ${pod}`],
  )
  await says(
    'service agnhost-primary',
    ['Name:', 'agnhost-primary'],
    ['Namespace:', 'described'],
    ...owned,
    ['Selector:', 'app=agnhost,role=primary'],
    ['Type:', 'ClusterIP'],
    ['IP:'],
    ['Port:', '<unset>', '6379/TCP'],
    ['TargetPort:', 'agnhost-server/TCP'],
    ['Endpoints:', ':6379'],
    ['Session Affinity:', 'None'],
  )
  const node = (await run(`${at} get pod ${pod} -o jsonpath={.spec.nodeName}`)).out
  await says(
    `node ${node}`,
    ['Name:', node],
    ['Labels:'],
    ['Annotations:'],
    ['CreationTimestamp:'],
    ['Conditions:'],
    ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
    ['Ready', 'True'],
    ['Addresses:'],
    ['Capacity:'],
    ['Kernel Version:'],
    ['OS Image:'],
    ['Container Runtime Version:'],
    ['Kubelet Version:'],
    ['Non-terminated Pods:'],
    ['described', pod],
  )
  await says('namespace described', ['Name:', 'described'], ['Labels:'], ['Annotations:'], ['Status:', 'Active'])
})

test('Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments', { skip }, async () => {
  const at = await inNamespace('compared')
  const labels = { app: 'httpd' }
  const deployment = (image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'httpd-deployment', labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'httpd', image, ports: [{ containerPort: 80 }] }] } },
    },
  })
  const live = JSON.stringify(deployment('example/agnhost:2'))
  equal((await run(`${at} create -f -`, live)).out, 'deployment.apps/httpd-deployment created\n')
  equal((await run(`${at} diff -f -`, live)).code, 0)
  const compared = await run(`${at} diff -f -`, JSON.stringify(deployment('example/busybox:1')))
  equal(compared.code, 1)
  match(compared.out, /^- +- image: example\/agnhost:2\n\+ +- image: example\/busybox:1$/m)
  await each([`${at} get deployment httpd-deployment -o jsonpath={.spec.template.spec.containers[0].image}`, 'example/agnhost:2'])
})

test('Kubectl client Kubectl expose should create services for rc', { skip }, async () => {
  const at = await inNamespace('exposed')
  await each([`${at} create -f ${manifest('exposed.yaml', primary)}`, /created/])
  const pod = await runningPod(at, 'app=agnhost')
  const podIP = (await run(`${at} get pod ${pod} -o jsonpath={.status.podIP}`)).out
  const leads = async (service: string, port: number) => {
    await each(
      [`${at} get service ${service} -o jsonpath={.spec.ports}`, `[{"port":${port},"protocol":"TCP","targetPort":6379}]`],
      [`${at} get service ${service} -o jsonpath={.spec.selector}`, JSON.stringify(primaryLabels)],
    )
    const ready = `jsonpath={range .items[*]}{.endpoints[?(@.conditions.ready==true)].addresses[0]}:{.ports[0].port}{end}`
    const slices = words(`${at} get endpointslices -l kubernetes.io/service-name=${service} -o`)
    await eventually(`endpoints of ${service}`, async () =>
      (await c.tryKubectl([...slices, ready])).out === `${podIP}:6379` ? true : undefined,
    )
  }
  await each([`${at} expose rc agnhost-primary --name=rm2 --port=1234 --target-port=6379`, 'service/rm2 exposed\n'])
  await leads('rm2', 1234)
  await each([`${at} expose service rm2 --name=rm3 --port=2345 --target-port=6379`, 'service/rm3 exposed\n'])
  await leads('rm3', 2345)
})

test('Kubectl client Kubectl label should update the label on a resource', { skip }, async () => {
  const at = await inNamespace('labelled')
  await each([`${at} run pause --image=example/pause:1 --labels=name=pause`, 'pod/pause created\n'])
  await runningPod(at, 'name=pause')
  await each(
    [`${at} label pods pause testing-label=testing-label-value`, 'pod/pause labeled\n'],
    [`${at} get pod pause -L testing-label`, /AGE +TESTING-LABEL\npause .* testing-label-value\n$/],
    [`${at} get pods -l testing-label=testing-label-value -o name`, 'pod/pause\n'],
    [`${at} label pods pause testing-label-`, 'pod/pause unlabeled\n'],
    [`${at} get pods -l testing-label -o name`, ''],
  )
  doesNotMatch((await run(`${at} get pod pause -L testing-label`)).out, /testing-label-value/)
})

test('Kubectl client Kubectl patch should add annotations for pods in rc', { skip }, async () => {
  const at = await inNamespace('patched')
  await each([`${at} create -f ${manifest('patched.yaml', primary)}`, /created/])
  const pod = await runningPod(at, 'app=agnhost')
  await each(
    [`${at} patch pod ${pod} -p '{"metadata":{"annotations":{"x":"y"}}}'`, `pod/${pod} patched\n`],
    [`${at} get pods -l app=agnhost -o jsonpath={.items[*].metadata.annotations.x}`, 'y'],
  )
})

test("Kubectl client Kubectl replace should update a single-container pod's image", { skip }, async () => {
  const at = await inNamespace('replaced')
  await each([`${at} run e2e-test-httpd-pod --image=example/httpd:1 --labels=run=e2e-test-httpd-pod`, 'pod/e2e-test-httpd-pod created\n'])
  await runningPod(at, 'run=e2e-test-httpd-pod')
  const live = async () => (await run(`${at} get pod e2e-test-httpd-pod -o json`)).out
  const { uid } = (JSON.parse(await live()) as { metadata: { uid: string } }).metadata
  const shown = `${at} get pod e2e-test-httpd-pod -o jsonpath={.spec.containers[*].image}`
  const other = (await live()).replaceAll('example/httpd:1', 'example/busybox:1')
  equal((await run(`${at} replace -f -`, other)).out, 'pod/e2e-test-httpd-pod replaced\n')
  await each([shown, 'example/busybox:1'], [`${at} get pod e2e-test-httpd-pod -o jsonpath={.metadata.uid}`, uid])
  const third = (await live()).replaceAll('example/busybox:1', 'example/third:1')
  match((await run(`${at} replace --force -f -`, third)).out, /^pod "e2e-test-httpd-pod" deleted.*\npod\/e2e-test-httpd-pod replaced\n$/)
  await each([shown, 'example/third:1'])
  equal((await live()).includes(uid), false)
})

test('Kubectl client Kubectl run pod should create a pod from an image when restart is Never', { skip }, async () => {
  const at = await inNamespace('ran')
  await each(
    [`${at} run e2e-test-httpd-pod --restart=Never --image=example/httpd:1`, 'pod/e2e-test-httpd-pod created\n'],
    [`${at} get pod e2e-test-httpd-pod -o jsonpath={.spec.containers[*].image}`, 'example/httpd:1'],
    [`${at} get pod e2e-test-httpd-pod -o jsonpath={.spec.restartPolicy}`, 'Never'],
  )
})

test('Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods', { skip }, async () => {
  const at = await inNamespace('dry')
  await each([`${at} run e2e-test-httpd-pod --image=example/httpd:1 --labels=run=e2e-test-httpd-pod`, 'pod/e2e-test-httpd-pod created\n'])
  await runningPod(at, 'run=e2e-test-httpd-pod')
  const patch = '{"spec":{"containers":[{"name":"e2e-test-httpd-pod","image":"example/busybox:1"}]}}'
  const image = '-o jsonpath={.spec.containers[*].image}'
  await each(
    [`${at} patch pod e2e-test-httpd-pod -p '${patch}' --dry-run=server`, /^pod\/e2e-test-httpd-pod patched( \(server dry run\))?\n$/],
    [`${at} patch pod e2e-test-httpd-pod -p '${patch}' --dry-run=server ${image}`, 'example/busybox:1'],
    [`${at} get pod e2e-test-httpd-pod ${image}`, 'example/httpd:1'],
  )
})

test('Kubectl client Kubectl version should check is all data is printed', { skip }, async () => {
  await each(['version', /^Client Version: v\d.*\n(.*\n)*Server Version: v1\.36\./])
  const { clientVersion, serverVersion } = JSON.parse((await run('version -o json')).out) as Record<string, Record<string, string>>
  const facts = ['major', 'minor', 'gitVersion', 'gitCommit', 'buildDate', 'goVersion', 'compiler', 'platform']
  const missing = (version: Record<string, string>) => facts.filter((fact) => !version[fact])
  deepEqual([missing(clientVersion!), missing(serverVersion!)], [[], []])
})

/** What a proxy of kubectl answers at /api/, once it says that it serves. */
async function throughProxy(flag: string, way: (said: string) => object): Promise<unknown> {
  const proxy = c.startKubectl('proxy', flag)
  try {
    const [said] = (await once(proxy.stdout!, 'data')) as [Buffer]
    const text = await new Promise<string>((done, failed) => {
      const asked = get({ path: '/api/', ...way(String(said)) }, (answer) => {
        let body = ''
        answer.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => done(body))
      })
      asked.on('error', failed)
    })
    return (JSON.parse(text) as { versions: unknown }).versions
  } finally {
    proxy.kill()
  }
}

test('Kubectl client Proxy server should support --unix-socket=/path', { skip }, async () => {
  const socketPath = join(folder, 'proxy')
  deepEqual(await throughProxy(`--unix-socket=${socketPath}`, () => ({ socketPath })), ['v1'])
})

test('Kubectl client Proxy server should support proxy with --port 0', { skip }, async () => {
  const port = (said: string) => ({ host: '127.0.0.1', port: /127\.0\.0\.1:(\d+)/.exec(said)![1] })
  deepEqual(await throughProxy('--port=0', port), ['v1'])
})

const nautilus = controller('update-demo-nautilus', { name: 'update-demo', version: 'nautilus' }, 2, {
  name: 'update-demo',
  image: 'example/nautilus:1',
  ports: [{ containerPort: 80 }],
})

/** Waits until there are this many pods of the demo, and each runs its container. */
async function demoRuns(at: string, count: number): Promise<void> {
  const running =
    '{{range .items}}{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}' +
    '{{if (and (eq .name "update-demo") (exists . "state" "running"))}}{{.image}} {{end}}{{end}}{{else}}none {{end}}{{end}}'
  const asked = [...words(`${at} get pods -l name=update-demo -o template`), `--template=${running}`]
  await eventually(`${count} pods that run`, async () =>
    (await c.tryKubectl(asked)).out === 'example/nautilus:1 '.repeat(count) ? true : undefined,
  )
}

test('Kubectl client Update Demo should create and stop a replication controller', { skip }, async () => {
  const at = await inNamespace('demo')
  const file = manifest('demo.yaml', nautilus)
  await each([`${at} create -f ${file}`, 'replicationcontroller/update-demo-nautilus created\n'])
  await demoRuns(at, 2)
  await each([`${at} delete --grace-period=0 --force -f ${file}`, /^replicationcontroller "update-demo-nautilus" force deleted/])
  await each([`${at} get rc,svc -l name=update-demo --no-headers`, ''])
  const left = '{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{end}}{{end}}'
  await eventually('no pods', async () =>
    (await c.tryKubectl([...words(`${at} get pods -l name=update-demo -o`), `go-template=${left}`])).out === '' ? true : undefined,
  )
})

test('Kubectl client Update Demo should scale a replication controller', { skip }, async () => {
  const at = await inNamespace('scaled')
  await each([`${at} create -f ${manifest('scaled.yaml', nautilus)}`, 'replicationcontroller/update-demo-nautilus created\n'])
  await demoRuns(at, 2)
  for (const replicas of [1, 2]) {
    const line = `${at} scale rc update-demo-nautilus --replicas=${replicas} --timeout=60s`
    await each([line, 'replicationcontroller/update-demo-nautilus scaled\n'])
    await demoRuns(at, replicas)
  }
})

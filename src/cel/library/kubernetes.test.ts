import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerPending, AUTHORIZER, authorizerValue, type AskAuthorizer, type AuthorizationQuestion } from './authorizer.ts'
import { compile } from '../compile.ts'
import { jsonValue, toJson } from '../json-value.ts'
import * as t from '../type.ts'

/** The value of an expression as JSON, or why there is none. */
function of(source: string, variables: Readonly<Record<string, unknown>> = {}): unknown {
  const names = new Map(Object.keys(variables).map((name) => [name, t.DYN]))
  const { value, error } = compile(source, { variables: names }).evaluate((name) => jsonValue(variables[name]))
  return error ? error.message : toJson(value)
}

function holds(...sources: readonly string[]): void {
  deepEqual(
    sources.filter((source) => of(source) !== true).map((source) => [source, of(source)]),
    [],
  )
}

test('lists know their order, sums, extremes and places', () => {
  holds(
    '[1, 2, 3].isSorted() && !["b", "a"].isSorted() && [].isSorted()',
    '[1, 3].sum() == 4 && [1.5, 2.0].sum() == 3.5 && [1u, 2u].sum() == 3u',
    '[duration("1m"), duration("1h")].sum() == duration("61m")',
    '[3, 1].max() == 3 && ["a", "b"].min() == "a"',
    '[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2 && [1].indexOf(9) == -1',
    '"abcabc".indexOf("c") == 2 && "abcabc".lastIndexOf("a") == 3',
  )
  equal(of('[].min() == 1'), 'min called on empty list')
})

test('lists are cut, flattened and put in order', () => {
  holds(
    '[1, 2, 3, 4].slice(1, 3) == [2, 3]',
    '[[1], [2, 3]].flatten() == [1, 2, 3]',
    '[1, 2, 2, 3].distinct() == [1, 2, 3]',
    '[3, 1, 2].sort() == [1, 2, 3] && [1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2]',
    '[{"a": "y", "b": "1"}, {"a": "x", "b": "2"}].sortBy(e, e.a)[0].b == "2"',
  )
  equal(of('[1].slice(0, 2)'), 'cannot slice(0, 2), list is length 1')
})

test('URLs are read as Go reads them', () => {
  holds(
    'isURL("https://user:pass@example.com:80/path?query=val#fragment") && !isURL("../relative-path") && isURL("/absolute-path")',
    'url("https://example.com:80/").getHost() == "example.com:80" && url("https://[::1]:80/").getHostname() == "::1"',
    'url("https://[::1]:80/").getPort() == "80" && url("/path").getScheme() == ""',
    'url("https://example.com/path with spaces/").getEscapedPath() == "/path%20with%20spaces/"',
    'url("https://example.com/path?k1=a&k2=b&k2=c").getQuery() == {"k1": ["a"], "k2": ["b", "c"]}',
  )
  equal(
    of('url("https://a:b:c/").getHost()'),
    'URL parse error during conversion from string: parse "https://a:b:c/": invalid port ":c" after host',
  )
})

test('addresses and networks', () => {
  holds(
    'ip("127.0.0.1").family() == 4 && ip("::1").family() == 6 && ip("::1").isLoopback()',
    'isIP("192.168.0.1") && !isIP("::ffff:1.2.3.4") && !isIP("fe80::1%en0") && !isIP("192.168.0.01")',
    'ip.isCanonical("2001:db8::abcd") && !ip.isCanonical("2001:DB8::ABCD")',
    'ip("224.0.0.1").isLinkLocalMulticast() && ip("fe80::1").isLinkLocalUnicast() && ip("8.8.8.8").isGlobalUnicast()',
    'cidr("192.168.0.0/24").containsIP("192.168.0.1") && !cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))',
    'cidr("192.168.0.0/16").containsCIDR("192.168.10.0/24") && !cidr("192.168.1.0/24").containsCIDR("192.168.0.0/16")',
    'cidr("192.168.1.7/24").masked() == cidr("192.168.1.0/24") && cidr("::1/128").prefixLength() == 128',
    'string(ip("::0001")) == "::1" && cidr("10.0.0.1/8").ip() == ip("10.0.0.1")',
  )
  equal(of('ip("x").family()'), 'IP Address "x" parse error during conversion from string: ParseAddr("x"): unable to parse IP')
})

test('quantities and versions are compared by what they mean', () => {
  holds(
    'quantity("1500m") == quantity("1.5") && quantity("1Gi").isGreaterThan(quantity("1G"))',
    'quantity("50k").isInteger() && quantity("50k").asInteger() == 50000 && !quantity("1.5").isInteger()',
    'quantity("50k").add(quantity("20k")) == quantity("70k") && quantity("50k").sub(20).compareTo(quantity("49980")) == 0',
    'isQuantity("1.3G") && !isQuantity("1,3G") && quantity("-1").sign() == -1 && quantity("1.5").asApproximateFloat() == 1.5',
    'semver("1.2.3").major() == 1 && semver("1.0.0-alpha.1").isLessThan(semver("1.0.0")) && !isSemver("v1.0")',
    'semver("v1.0", true) == semver("1.0.0") && semver("01.01.01", true).compareTo(semver("1.1.1")) == 0',
    'semver("1.0.0-alpha.2").isGreaterThan(semver("1.0.0-alpha.1")) && semver("1.0.0-2").isLessThan(semver("1.0.0-a"))',
  )
  equal(of('quantity("x") == quantity("1")'), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
})

test('formats say what is wrong', () => {
  holds(
    '!format.dns1123Label().validate("my-label").hasValue() && format.dns1123Label().validate("My").hasValue()',
    'format.named("uuid").value().validate("x").value() == ["does not match the UUID format"]',
    '!format.named("none").hasValue() && !format.dns1123LabelPrefix().validate("a-").hasValue()',
    '!format.datetime().validate("2021-01-01T00:00:00Z").hasValue() && format.date().validate("2021-13-01").hasValue()',
  )
})

test('text, patterns, sets, optionals and two variables', () => {
  holds(
    '"abc 123".find("[0-9]+") == "123" && "123 abc 456".findAll("[0-9]+") == ["123", "456"] && "1 2 3".findAll("[0-9]", 2) == ["1", "2"]',
    'sets.intersects([1], [1, 2]) && sets.contains([1, 2], [1]) && sets.equivalent([1, 1], [1])',
    '{"a": 1}.all(k, v, k == "a" && v == 1) && [1, 2].transformList(i, v, i + v) == [1, 3]',
    '{"a": "x"}[?"b"].orValue("none") == "none" && optional.of(1).optMap(v, v + 1).value() == 2',
    '"a,b".split(",").join("-") == "a-b" && "%s has %d".format(["x", 2]) == "x has 2"',
  )
})

const variables = new Map([['authorizer', AUTHORIZER]])

test('the authorizer is asked what expressions ask', () => {
  const asked: AuthorizationQuestion[] = []
  const ask: AskAuthorizer = (question) => {
    asked.push(question)
    return { allowed: question.verb === 'get', reason: 'because' }
  }
  const run = (source: string) => compile(source, { variables }).evaluate(() => authorizerValue(ask))
  equal(
    run("authorizer.group('apps').resource('deployments').subresource('scale').namespace('a').name('b').check('get').allowed()").value,
    true,
  )
  equal(run("authorizer.serviceAccount('ns', 'sa').path('/healthz').check('put').allowed()").value, false)
  deepEqual(asked, [
    { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'a', name: 'b', verb: 'get' },
    { serviceAccount: { namespace: 'ns', name: 'sa' }, path: '/healthz', verb: 'put' },
  ])
  equal(run("authorizer.group('').resource('pods').check('get').reason()").cost > 350_000, true)
  equal(run("authorizer.path(' ').check('get').allowed()").error?.message, 'path must not be empty')
  const thrice = Array.from({ length: 3 }, () => "authorizer.path('/a').check('get').allowed()").join(' && ')
  equal(run(thrice).error?.message, 'operation cancelled: actual cost limit exceeded')
})

test('an answer that takes time ends the evaluation, and the next has it', async () => {
  let known: { allowed: boolean; reason: string } | undefined
  const ask: AskAuthorizer = () => known ?? Promise.resolve({ allowed: true, reason: '' }).then((answer) => (known = answer))
  const run = () =>
    compile("authorizer.path('/a').check('get').allowed() || false", { variables }).evaluate(() => authorizerValue(ask)).value
  try {
    run()
  } catch (error) {
    if (!(error instanceof AnswerPending)) throw error
    await error.answer
  }
  equal(run(), true)
})

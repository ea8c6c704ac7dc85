import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from './yaml.ts'

const yaml = (text: string) => parseYaml(Buffer.from(text))

test('scalars are read by the rules of YAML 1.1, as upstream reads them', () => {
  const { value } = yaml(`
a: yes
b: off
c: "yes"
d: 0644
e: 0o17
f: 0x1F
g: 1_000
h: 1e3
i: 1.50
j: 2001-12-14
k: ~
l:
m: 12:30:45
nn: 0b11
o: -.5
p: 1Gi
q: !!str 5
1: one
true: t
`)
  assert.deepEqual(value, {
    a: true,
    b: false,
    c: 'yes',
    d: 420,
    e: 15,
    f: 31,
    g: 1000,
    h: 1000,
    i: 1.5,
    j: '2001-12-14',
    k: null,
    l: null,
    m: '12:30:45',
    nn: 3,
    o: -0.5,
    p: '1Gi',
    q: '5',
    1: 'one',
    true: 't',
  })
})

test('merge keys and aliases are followed', () => {
  assert.deepEqual(yaml('a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x').value, { a: { p: 1, q: 2 }, b: { p: 1, q: 3 }, c: { p: 1, q: 2 } })
})

test('an alias bomb is refused at once', () => {
  const bomb = [
    'a: &a0 [x,x,x,x,x,x,x,x,x]',
    ...Array.from({ length: 30 }, (_, i) => `b${i}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`),
  ].join('\n')
  assert.throws(() => yaml(bomb), {
    name: 'MalformedInput',
    message: 'error converting YAML to JSON: yaml: document contains excessive aliasing',
  })
  assert.throws(() => yaml('a: &a [*a]'), { message: 'error converting YAML to JSON: yaml: anchor value contains itself' })
})

test('a key given twice is reported, and the last one counts', () => {
  assert.deepEqual(yaml('spec:\n  a: 1\n  a: 2\n'), {
    value: { spec: { a: 2 } },
    duplicates: ['yaml: unmarshal errors:\n  line 3: key "a" already set in map'],
  })
})

test('every key given twice is told by the line of its value, and what is within a value before it', () => {
  const text = `spec:
  a: 1
  "a": 2
  list:
  - {b: 1, b: 2, c: 3}
  - b: 1
  a: {}
  map:
    x: &anchor
      y: 1
    x:

      'y': *anchor
      y:
      y: z
map: 1
map:
  - 2
`
  const said = [
    'line 3: key "a" already set in map',
    'line 5: key "b" already set in map',
    'line 7: key "a" already set in map',
    'line 14: key "y" already set in map',
    'line 15: key "y" already set in map',
    'line 13: key "x" already set in map',
    'line 18: key "map" already set in map',
  ]
  assert.deepEqual(yaml(text).duplicates, [['yaml: unmarshal errors:', ...said].join('\n  ')])
  assert.deepEqual(yaml('1: a\n"1": b\n'), {
    value: { 1: 'b' },
    duplicates: ['yaml: unmarshal errors:\n  line 2: key "1" already set in map'],
  })
})

test('of very many keys given twice a hundred are told', () => {
  const [said] = yaml('a: 1\n'.repeat(300)).duplicates
  assert.deepEqual(said?.split('\n').slice(-1), ['  line 101: key "a" already set in map'])
})

test('several documents, deep nesting, odd keys and broken text are refused', () => {
  assert.throws(() => yaml('a: 1\n---\nb: 2\n'), { message: 'error converting YAML to JSON: yaml: more than one document' })
  for (const text of ['['.repeat(100_000), '__proto__: {a: 1}', 'a: {[1]: 2}', 'a: [', 'a: .inf', 'a: !ruby/object x', 'a: *b'])
    assert.throws(() => yaml(text), { name: 'MalformedInput' })
  assert.throws(() => parseYaml(Uint8Array.of(0xff)), { name: 'MalformedInput' })
})

test('an empty text is null, and one leading document mark is fine', () => {
  assert.deepEqual([yaml('').value, yaml('# only\n').value, yaml('---\na: 1\n').value], [null, null, { a: 1 }])
})

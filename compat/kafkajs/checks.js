// The checks of ../checks.tsv. Each throws when something is not as it should be.
'use strict'

const assert = require('assert')
const { code, CompressionTypes } = require('./client')

const HOUR_MS = 3600000
const START = Date.now() - HOUR_MS

async function fails(expected, action) {
  let got
  try {
    await action()
  } catch (error) {
    got = code(error)
  }
  assert.strictEqual(got, expected, `error ${got}, expected ${expected}`)
}

async function soon(what, condition) {
  const end = Date.now() + 30000
  while (!(await condition())) {
    assert(Date.now() < end, `not within 30 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function has(c, topic, partitions) {
  try {
    return (await c.partitions(topic)).length === partitions
  } catch (error) {
    if ([3, 5].includes(code(error))) return false
    throw error
  }
}

/** Creates a topic and waits until the broker's own metadata shows it. */
async function made(c, what, partitions = 1, configs = {}) {
  const topic = c.name(what)
  await c.createTopic(topic, partitions, configs)
  await soon(topic, () => has(c, topic, partitions))
  return topic
}

function noise(size, seed) {
  const out = Buffer.alloc(Math.ceil(size / 8) * 8)
  let state = BigInt(seed)
  for (let i = 0; i < out.length; i += 8) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    out.writeBigUInt64BE(state, i)
  }
  return out.subarray(0, size)
}

/** Records of every shape: keys, nulls, headers, 1 byte to 900 KB. */
function sample() {
  const big = Buffer.concat([noise(400000, 2), Buffer.from('again '.repeat(83333))])
  const all = [
    { key: null, value: Buffer.from('x') },
    { key: Buffer.from('key'), value: null },
    { key: Buffer.alloc(0), value: Buffer.alloc(0) },
    { key: Buffer.from('key'), value: Buffer.from('text '.repeat(40)) },
    { key: Buffer.from('ключ'), value: noise(10000, 1) },
    { key: Buffer.from('big'), value: big },
    {
      key: Buffer.from('headers'),
      value: Buffer.from('v'),
      headers: { a: [Buffer.from('1'), Buffer.from('2')], empty: Buffer.alloc(0), имя: noise(200, 3) },
    },
  ]
  for (let i = 0; i < 40; i++) {
    all.push({ key: Buffer.from(`k${i}`), value: Buffer.from(`{"id":${i},"name":"event","city":"Brno"}`) })
  }
  return all.map((r, i) => ({ ...r, timestamp: String(START + i * 1000) }))
}

function small(count, size = 100, tag = 'r') {
  return Array.from({ length: count }, (_, i) => ({
    key: null,
    value: Buffer.from(`${tag}-${String(i).padStart(6, '0')}-`.padEnd(size, '.')),
    timestamp: String(START + i),
  }))
}

function same(got, expected, first = 0) {
  assert.strictEqual((got || []).length, expected.length, `${(got || []).length} records came back`)
  got.forEach((have, i) => {
    const want = expected[i]
    const offset = first + i
    assert.strictEqual(Number(have.offset), offset, `offset ${have.offset} where ${offset} should be`)
    for (const field of ['key', 'value']) {
      const equal = have[field] === want[field] || (have[field] && want[field] && have[field].equals(want[field]))
      assert(equal, `${field} of offset ${offset} differs`)
    }
    assert.strictEqual(have.timestamp, want.timestamp, `timestamp of offset ${offset}`)
    assert.deepStrictEqual({ ...have.headers }, want.headers || {}, `headers of offset ${offset}`)
  })
}

async function roundTrip(c, topic, records, options) {
  await c.produce(topic, records, options)
  same(await c.read(topic, 0, records.length), records)
}

async function gone(c, topic) {
  await c.produce(topic, small(5))
  await c.admin.deleteTopics({ topics: [topic] })
  await soon('topic gone', async () => !(await c.admin.listTopics()).includes(topic))
}

const DEFAULTS = {
  'cleanup.policy': 'delete',
  'compression.type': 'producer',
  'max.message.bytes': '2000000',
  'retention.ms': '604800000',
  'segment.bytes': '1073741824',
  'message.timestamp.type': 'CreateTime',
  'min.insync.replicas': '1',
  'retention.bytes': '-1',
  'delete.retention.ms': '86400000',
  'unclean.leader.election.enable': 'false',
  'segment.ms': '604800000',
  'file.delete.delay.ms': '60000',
  'min.cleanable.dirty.ratio': '0.5',
  'index.interval.bytes': '4096',
}

const codec = (name, compression) => async c => roundTrip(c, await made(c, `codec-${name}`), sample(), { compression })

const node = {
  async create_topic(c) {
    assert.deepStrictEqual(await c.partitions(await made(c, 'create', 3)), [0, 1, 2])
  },
  async create_topic_configs(c) {
    const topic = await made(c, 'configs', 1, { 'retention.ms': '3600000', 'cleanup.policy': 'compact,delete' })
    const configs = await c.configs(topic)
    assert.strictEqual(configs['retention.ms'], '3600000')
    assert.strictEqual(configs['cleanup.policy'], 'compact,delete')
  },
  async list_topics(c) {
    const names = [await made(c, 'list-0'), await made(c, 'list-1'), await made(c, 'list-2')]
    await soon('all three listed', async () => {
      const all = await c.admin.listTopics()
      return names.every(name => all.includes(name))
    })
  },
  async describe_cluster(c) {
    const { brokers, controller } = await c.admin.describeCluster()
    assert.strictEqual(brokers.length, 1)
    assert.strictEqual(controller, brokers[0].nodeId)
  },
  async topic_exists(c) {
    const topic = await made(c, 'exists')
    await fails(36, () => c.createTopic(topic, 1))
  },
  async invalid_topic_name(c) {
    for (const bad of ['bad name!', '..', 'x'.repeat(250), 'slash/y']) await fails(17, () => c.createTopic(bad, 1))
  },
  async topic_collision(c) {
    await made(c, 'col.a')
    await fails(17, () => c.createTopic(c.name('col_a'), 1))
  },
  async invalid_partitions(c) {
    await fails(37, () => c.createTopic(c.name('parts'), 0))
  },
  async invalid_replication(c) {
    await fails(38, () => c.createTopic(c.name('repl'), 1, {}, 3))
  },
  async invalid_config(c) {
    await fails(40, () => c.createTopic(c.name('conf'), 1, { 'retention.ms': 'abc' }))
    await fails(40, () => c.createTopic(c.name('conf'), 1, { 'no.such.config': '1' }))
  },
  async unknown_topic(c) {
    await fails(3, () => c.partitions(c.name('unknown')))
    assert(!(await c.admin.listTopics()).includes(c.name('unknown')), 'asking for a topic created it')
  },
  async delete_topic(c) {
    const topic = await made(c, 'delete', 2)
    await gone(c, topic)
    await fails(3, () => c.partitions(topic))
    await fails(3, () => c.admin.deleteTopics({ topics: [topic] }))
  },
  async recreate_topic(c) {
    const topic = await made(c, 'again', 2)
    await gone(c, topic)
    await made(c, 'again', 1)
    assert.deepStrictEqual(await c.bounds(topic), [0, 0])
    await roundTrip(c, topic, small(3, 100, 'new'))
  },
  async add_partitions(c) {
    const topic = await made(c, 'add')
    await c.admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
    await soon('four partitions', () => has(c, topic, 4))
    await c.produce(topic, small(3), { partition: 3 })
    same(await c.read(topic, 0, 3, { partition: 3 }), small(3))
    await fails(37, () => c.admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }))
  },
  async describe_configs(c) {
    const configs = await c.configs(await made(c, 'describe', 1, { 'max.message.bytes': '2000000' }))
    for (const [key, value] of Object.entries(DEFAULTS)) assert.strictEqual(configs[key], value, key)
  },
  async alter_configs(c) {
    const topic = await made(c, 'alter')
    await c.produce(topic, small(1, 5000))
    await c.alterConfigs(topic, { 'max.message.bytes': '2000' })
    await soon('new value', async () => (await c.configs(topic))['max.message.bytes'] === '2000')
    await fails(10, () => c.produce(topic, small(1, 5000)))
    await fails(40, () => c.alterConfigs(topic, { 'retention.ms': 'soon' }))
  },
  async delete_records(c) {
    const topic = await made(c, 'delrec')
    await c.produce(topic, small(20))
    const before = offset => ({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
    await c.admin.deleteTopicRecords(before(7))
    assert.deepStrictEqual(await c.bounds(topic), [7, 20])
    same(await c.read(topic, 7, 13), small(20).slice(7), 7)
    await fails(1, () => c.admin.deleteTopicRecords(before(99)))
  },
  async topic_codec(c) {
    await roundTrip(c, await made(c, 'topic-codec', 1, { 'compression.type': 'gzip' }), sample())
  },
  async log_append_time(c) {
    const topic = await made(c, 'append-time', 1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now() - 1000
    await c.produce(topic, small(5))
    for (const { batchContext, timestamp } of await c.read(topic, 0, 5)) {
      // kafkajs leaves it to the batch: its records keep what the producer said.
      const time = Number((batchContext && batchContext.maxTimestamp) || timestamp)
      assert(time >= before && time <= Date.now() + 1000, `timestamp ${time}`)
    }
  },
  async idempotent_produce(c) {
    const topic = await made(c, 'idempotent')
    const records = small(5000)
    const producerOptions = { idempotent: true }
    for (let i = 0; i < 5000; i += 500) {
      assert.strictEqual(await c.produce(topic, records.slice(i, i + 500), producerOptions), i, 'first offset')
    }
    same(await c.read(topic, 0, 5000), records)
  },
  async acks_levels(c) {
    const topic = await made(c, 'acks')
    const records = small(3)
    for (const [i, acks] of [0, 1, -1].entries()) {
      await c.produce(topic, [records[i]], { acks })
      await soon('record is there', async () => (await c.bounds(topic))[1] === i + 1)
    }
    same(await c.read(topic, 0, 3), records)
  },
  async many_partitions(c) {
    const topic = await made(c, 'many', 20)
    for (let p = 0; p < 20; p++) await c.produce(topic, small(10, 100, `p${p}`), { partition: p })
    for (let p = 0; p < 20; p++) same(await c.read(topic, 0, 10, { partition: p }), small(10, 100, `p${p}`))
  },
  async auto_create(c) {
    await roundTrip(c, c.name('auto'), small(3))
    assert.deepStrictEqual(await c.partitions(c.name('auto')), [0])
  },
  async message_too_large(c) {
    const topic = await made(c, 'large', 1, { 'max.message.bytes': '2000' })
    await fails(10, () => c.produce(topic, small(1, 10000)))
    await roundTrip(c, topic, small(1))
  },
  async compacted_null_key(c) {
    const topic = await made(c, 'compact', 1, { 'cleanup.policy': 'compact' })
    await fails(87, () => c.produce(topic, [{ key: null, value: 'v', timestamp: String(START) }]))
    await roundTrip(c, topic, [{ key: Buffer.from('k'), value: Buffer.from('v'), timestamp: String(START) }])
  },
  async invalid_timestamp(c) {
    const topic = await made(c, 'future', 1, { 'message.timestamp.after.max.ms': '3600000' })
    const late = String(Date.now() + 24 * HOUR_MS)
    await fails(32, () => c.produce(topic, [{ key: 'k', value: 'v', timestamp: late }]))
  },
  async offset_bounds(c) {
    const topic = await made(c, 'bounds')
    assert.deepStrictEqual(await c.bounds(topic), [0, 0])
    await c.produce(topic, small(12))
    assert.deepStrictEqual(await c.bounds(topic), [0, 12])
  },
  async offsets_for_times(c) {
    const topic = await made(c, 'times')
    for (let i = 0; i < 10; i++) await c.produce(topic, [{ value: `${i}`, timestamp: String(START + i * 1000) }])
    for (const [asked, expected] of [[-5000, 0], [0, 0], [3500, 4], [9000, 9], [9001, -1]]) {
      assert.strictEqual(await c.offsetForTime(topic, START + asked), expected, `offset at ${asked}`)
    }
  },
  async seek_middle(c) {
    const topic = await made(c, 'seek')
    const records = small(100)
    for (let i = 0; i < 100; i += 10) await c.produce(topic, records.slice(i, i + 10))
    same(await c.read(topic, 37, 20), records.slice(37, 57), 37)
    same(await c.read(topic, 99, 1), records.slice(99), 99)
  },
  async small_fetches(c) {
    const topic = await made(c, 'small')
    const records = small(30, 3000)
    for (const record of records) await c.produce(topic, [record])
    same(await c.read(topic, 0, 30, { maxBytes: 1000 }), records)
  },
  async offset_out_of_range(c) {
    const topic = await made(c, 'range')
    await c.produce(topic, small(3))
    await fails(1, () => c.read(topic, 1000, 1))
  },
  async long_poll(c) {
    const topic = await made(c, 'poll')
    let begun
    const later = new Promise(resolve => setTimeout(resolve, 1500)).then(() => {
      begun = Date.now()
      return c.produce(topic, small(1))
    })
    same(await c.read(topic, 0, 1, { maxWaitTime: 10000 }), small(1))
    const took = Date.now() - begun
    await later
    assert(took < 5000, `the poll was woken ${took} ms after the produce began`)
  },
  codec_none: codec('none', CompressionTypes.None),
  codec_gzip: codec('gzip', CompressionTypes.GZIP),
  codec_snappy: codec('snappy', CompressionTypes.Snappy),
}

const groups = {
  async group_consume(c) {
    const topic = await made(c, 'gc', 3)
    for (let p = 0; p < 3; p++) await c.produce(topic, small(20, 100, `p${p}`), { partition: p })
    const got = await c.groupRead(topic, topic, 60)
    for (let p = 0; p < 3; p++) same(got[p], small(20, 100, `p${p}`))
  },
  async group_commit(c) {
    const topic = await made(c, 'gm')
    await c.produce(topic, small(12))
    same((await c.groupRead(topic, topic, 12))[0], small(12))
    assert.strictEqual(await c.committed(topic, topic), 12)
    await c.produce(topic, small(8, 100, 'more'))
    same((await c.groupRead(topic, topic, 8))[0], small(8, 100, 'more'), 12)
    assert.strictEqual(await c.committed(topic, topic), 20)
  },
  async group_rebalance(c) {
    const topic = await made(c, 'gr', 4)
    const first = await c.member(topic, topic)
    const second = await c.member(topic, topic)
    await soon('partitions split 2 and 2', () => {
      const all = [...first.partitions, ...second.partitions].sort()
      return first.partitions.length === 2 && all.join() === '0,1,2,3'
    })
    await second.close()
    await soon('all four back', () => first.partitions.length === 4)
    await first.close()
  },
  async group_list(c) {
    const topic = await made(c, 'gl')
    await c.produce(topic, small(1))
    await c.groupRead(topic, topic, 1)
    const { groups: all } = await c.admin.listGroups()
    assert(all.some(it => it.groupId === topic), 'group is not listed')
  },
  async group_describe(c) {
    const topic = await made(c, 'gd', 2)
    const member = await c.member(topic, topic)
    const state = async () => {
      const { groups: all } = await c.admin.describeGroups([topic])
      return `${all[0].state} ${all[0].members.length}`
    }
    await soon('both partitions', () => member.partitions.length === 2)
    assert.strictEqual(await state(), 'Stable 1')
    await member.close()
    await soon('group is empty', async () => (await state()) === 'Empty 0')
  },
  async group_delete(c) {
    const topic = await made(c, 'gx')
    await c.produce(topic, small(1))
    await c.groupRead(topic, topic, 1)
    await soon('group is empty', async () => (await c.admin.describeGroups([topic])).groups[0].state === 'Empty')
    await c.admin.deleteGroups([topic])
    await soon('gone', async () => !(await c.admin.listGroups()).groups.some(it => it.groupId === topic))
    await fails(69, () => c.admin.deleteGroups([topic]))
  },
}

module.exports = { node, groups, made, soon }

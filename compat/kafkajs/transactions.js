// The checks of transactions. Each throws when something is not as it should be.
'use strict'

const assert = require('assert')
const Batch = require('kafkajs/src/consumer/batch')
const { code } = require('./client')
const { made, soon } = require('./checks')

const READ_COMMITTED = 1
const READ_UNCOMMITTED = 0
const TURN = 10
// INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE and PRODUCER_FENCED.
const REFUSED = [47, 48, 90]

async function transactor(c, id, transactionTimeout = 60000) {
  const producer = c.kafka.producer({
    transactionalId: c.name(id),
    transactionTimeout,
    maxInFlightRequests: 1,
    idempotent: true,
  })
  await producer.connect()
  return producer
}

const send = (transaction, topic, values, partition = 0) =>
  transaction.send({ topic, messages: values.map(value => ({ value, partition })) })

async function written(producer, topic, values) {
  const transaction = await producer.transaction()
  await send(transaction, topic, values)
  return transaction
}

/** What a reader sees now, up to the end of what it may see; its Batch leaves out what the consumer leaves out. */
async function read(c, topic, isolationLevel, partition = 0) {
  const broker = await c.leader(topic, partition)
  const values = []
  for (let next = 0; ; ) {
    const answer = await broker.fetch({
      replicaId: -1,
      isolationLevel,
      maxWaitTime: 10,
      minBytes: 1,
      maxBytes: 1048576,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(next), maxBytes: 1048576 }] }],
    })
    const data = answer.responses[0].partitions[0]
    const batch = new Batch(topic, String(next), data)
    values.push(...batch.messages.map(message => message.value.toString()))
    if (batch.isEmptyIncludingFiltered()) return values
    next = Number(data.messages[data.messages.length - 1].offset) + 1
  }
}

/** Markers are written after the answer: what they say comes a moment later. */
async function holds(c, topic, expected, partition = 0) {
  let found
  await soon('committed', async () => {
    found = await read(c, topic, READ_COMMITTED, partition)
    return found.join() === expected.join()
  }).catch(error => assert.fail(`${error.message}: ${found} where ${expected} should be`))
}

async function refused(action) {
  let got
  try {
    await action()
  } catch (error) {
    got = code(error)
  }
  assert(REFUSED.includes(got), `error ${got}`)
}

/** Runs a check with a topic and producers that are ended after it. */
const withOne = (what, check) => async c => {
  const producers = []
  const open = async (id, timeout) => {
    producers.push(await transactor(c, `${what}-${id}`, timeout))
    return producers[producers.length - 1]
  }
  try {
    await check(c, await made(c, what, 3), open)
  } finally {
    await Promise.all(producers.map(producer => producer.disconnect()))
  }
}

/** Ten records on, by a new member with the same transactional id; gives what it has read. */
async function turn(c, source, target, commits) {
  const producer = await transactor(c, 'tx')
  const consumer = c.consumer(source)
  await consumer.connect()
  await consumer.subscribe({ topic: source, fromBeginning: true })
  try {
    const got = await new Promise((resolve, reject) => {
      const messages = []
      consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
      const eachMessage = async ({ message }) => {
        if (messages.length < TURN) messages.push(message)
        if (messages.length === TURN) resolve(messages)
      }
      consumer.run({ autoCommit: false, eachMessage }).catch(reject)
    })
    const values = got.map(message => message.value.toString())
    const transaction = await written(producer, target, values.map(value => value.toUpperCase()))
    const offset = String(Number(got[TURN - 1].offset) + 1)
    await transaction.sendOffsets({
      consumerGroupId: source,
      topics: [{ topic: source, partitions: [{ partition: 0, offset }] }],
    })
    await (commits ? transaction.commit() : transaction.abort())
    return values
  } finally {
    await consumer.disconnect()
    await producer.disconnect()
  }
}

module.exports = {
  transaction_commit: withOne('tc', async (c, topic, open) => {
    const transaction = await written(await open('one'), topic, ['a', 'b'])
    await transaction.commit()
    await holds(c, topic, ['a', 'b'])
    assert.deepStrictEqual(await read(c, topic, READ_UNCOMMITTED), ['a', 'b'])
  }),
  transaction_abort: withOne('ta', async (c, topic, open) => {
    const one = await open('one')
    await (await written(one, topic, ['a', 'b'])).abort()
    await (await written(one, topic, ['c'])).commit()
    await holds(c, topic, ['c'])
    assert.deepStrictEqual(await read(c, topic, READ_UNCOMMITTED), ['a', 'b', 'c'])
  }),
  transaction_open: withOne('to', async (c, topic, open) => {
    const first = await written(await open('first'), topic, ['a'])
    await (await written(await open('second'), topic, ['b'])).commit()
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.deepStrictEqual(await read(c, topic, READ_COMMITTED), [])
    assert.deepStrictEqual(await read(c, topic, READ_UNCOMMITTED), ['a', 'b'])
    await first.abort()
    await holds(c, topic, ['b'])
  }),
  transaction_partitions: withOne('tp', async (c, topic, open) => {
    const one = await open('one')
    for (const value of ['a', 'b', 'c']) {
      const transaction = await one.transaction()
      for (let p = 0; p < 3; p++) await send(transaction, topic, [value], p)
      await (value === 'b' ? transaction.abort() : transaction.commit())
    }
    for (let p = 0; p < 3; p++) await holds(c, topic, ['a', 'c'], p)
  }),
  transaction_many: withOne('tm', async (c, topic, open) => {
    const one = await open('one')
    const kept = []
    for (let number = 0; number < 60; number++) {
      const transaction = await written(one, topic, [String(number)])
      if (number % 3 === 2) {
        await transaction.abort()
      } else {
        await transaction.commit()
        kept.push(String(number))
      }
    }
    await holds(c, topic, kept)
  }),
  transaction_fence: withOne('tf', async (c, topic, open) => {
    const zombie = await written(await open('one'), topic, ['a'])
    const heir = await written(await open('one'), topic, ['b'])
    await refused(() => zombie.commit())
    await heir.commit()
    await holds(c, topic, ['b'])
  }),
  transaction_timeout: withOne('tt', async (c, topic, open) => {
    const slow = await written(await open('slow', 1000), topic, ['a'])
    await (await written(await open('other'), topic, ['b'])).commit()
    await holds(c, topic, ['b'])
    await refused(() => slow.commit())
  }),
  transaction_offsets: withOne('ts', async (c, topic, open) => {
    const one = await open('one')
    const offsets = offset => ({ consumerGroupId: topic, topics: [{ topic, partitions: [{ partition: 0, offset }] }] })
    const committed = offset => soon(`${offset} committed`, async () => (await c.committed(topic, topic)) === offset)
    let transaction = await written(one, topic, ['a'])
    await transaction.sendOffsets(offsets('5'))
    await transaction.commit()
    await committed(5)
    transaction = await written(one, topic, ['b'])
    await transaction.sendOffsets(offsets('9'))
    await transaction.abort()
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.strictEqual(await c.committed(topic, topic), 5)
    transaction = await one.transaction()
    await transaction.sendOffsets(offsets('7'))
    await transaction.commit()
    await committed(7)
    await holds(c, topic, ['a'])
  }),
  transaction_process: withOne('tx', async (c, source, open) => {
    const target = await made(c, 'tx-target')
    const values = Array.from({ length: 2 * TURN }, (_, i) => `v${String(i).padStart(2, '0')}`)
    await (await written(await open('before'), source, values)).commit()
    assert.deepStrictEqual(await turn(c, source, target, false), values.slice(0, TURN))
    assert.deepStrictEqual(await turn(c, source, target, true), values.slice(0, TURN))
    assert.deepStrictEqual(await turn(c, source, target, true), values.slice(TURN))
    await soon('committed', async () => (await c.committed(source, source)) === 2 * TURN)
    await holds(c, target, values.map(value => value.toUpperCase()))
  }),
}

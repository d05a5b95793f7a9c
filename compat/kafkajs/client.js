// What the checks need, on kafkajs. Its consumer reads only in groups, so single partitions are read with its own
// Broker.fetch, which the consumer itself stands on.
'use strict'

const { randomBytes } = require('crypto')
const { Kafka, CompressionTypes, CompressionCodecs, ConfigResourceTypes, logLevel, Partitioners } = require('kafkajs')

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')

const EARLIEST = -2
const LATEST = -1

/** The broker's (or the client's own) error, as Kafka's number. */
function code(error) {
  for (let at = error; at; at = at.cause || at.originalError) {
    if (typeof at.code === 'number') return at.code
    if (at.errors && at.errors.length) return code(at.errors[0])
    const [row] = at.partitions || at.groups || []
    if (row) return row.errorCode || code(row.error)
  }
  throw error
}

class Client {
  constructor(bootstrap) {
    this.run = randomBytes(4).toString('hex')
    this.kafka = new Kafka({
      brokers: [bootstrap],
      clientId: 'compat',
      logLevel: logLevel.NOTHING,
      retry: { retries: 4, initialRetryTime: 50 },
    })
    this.admin = this.kafka.admin()
    const symbol = Object.getOwnPropertySymbols(this.kafka).find(it => it.description === 'private:Kafka:createCluster')
    this.cluster = this.kafka[symbol]({ metadataMaxAge: 0, allowAutoTopicCreation: false })
  }

  async open() {
    await this.admin.connect()
    await this.cluster.connect()
  }

  name(what) {
    return `compat-kafkajs-${what}-${this.run}`
  }

  async createTopic(topic, partitions, configs = {}, replicas = 1) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const topics = [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }]
    if (!(await this.admin.createTopics({ topics, waitForLeaders: false }))) {
      // It says false, and throws nothing, where the topic is there.
      throw Object.assign(new Error('topic exists'), { code: 36 })
    }
  }

  async partitions(topic) {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0].partitions.map(it => it.partitionId).sort((a, b) => a - b)
  }

  async configs(topic) {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic }]
    const answer = await this.admin.describeConfigs({ resources })
    return Object.fromEntries(answer.resources[0].configEntries.map(it => [it.configName, it.configValue]))
  }

  async alterConfigs(topic, configs) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }]
    await this.admin.alterConfigs({ validateOnly: false, resources })
  }

  /** Sends all records to one partition; gives the offset of the first. */
  async produce(topic, records, { partition = 0, acks = -1, compression = CompressionTypes.None, idempotent = false } = {}) {
    const producer = this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent,
      maxInFlightRequests: idempotent ? 1 : undefined,
    })
    await producer.connect()
    try {
      const messages = records.map(r => ({ ...r, partition }))
      const [answer] = await producer.send({ topic, messages, acks, compression })
      return answer ? Number(answer.baseOffset) : -1
    } finally {
      await producer.disconnect()
    }
  }

  async leader(topic, partition) {
    await this.cluster.addTargetTopic(topic)
    await this.cluster.refreshMetadata()
    const leaders = this.cluster.findLeaderForPartitions(topic, [partition])
    return this.cluster.findBroker({ nodeId: Object.keys(leaders)[0] })
  }

  async read(topic, start, count, { partition = 0, maxBytes = 1048576, maxWaitTime = 500 } = {}) {
    const broker = await this.leader(topic, partition)
    const got = []
    let next = start
    while (got.length < count) {
      const partitions = [{ partition, fetchOffset: String(next), maxBytes }]
      const answer = await broker.fetch({
        replicaId: -1,
        isolationLevel: 0,
        maxWaitTime,
        minBytes: 1,
        maxBytes: Math.max(maxBytes, 1),
        topics: [{ topic, partitions }],
      }).catch(error => {
        // A leader of a moment ago: the consumer would ask again too.
        if (error.code !== 6) throw error
        return { responses: [{ partitions: [{ messages: [] }] }] }
      })
      for (const message of answer.responses[0].partitions[0].messages) {
        if (Number(message.offset) < next) continue
        got.push(message)
        next = Number(message.offset) + 1
      }
    }
    return got.slice(0, count)
  }

  async bounds(topic) {
    const [{ low, high }] = await this.admin.fetchTopicOffsets(topic)
    return [Number(low), Number(high)]
  }

  async offsetForTime(topic, timestamp) {
    const broker = await this.leader(topic, 0)
    const { responses } = await broker.listOffsets({
      replicaId: -1,
      topics: [{ topic, partitions: [{ partition: 0, timestamp }] }],
    })
    return Number(responses[0].partitions[0].offset)
  }

  /** Reads as a member of a group, commits, and leaves. */
  async groupRead(groupId, topic, count) {
    const consumer = this.consumer(groupId)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const got = {}
    let seen = 0
    try {
      await new Promise((resolve, reject) => {
        consumer.on(consumer.events.CRASH, event => reject(event.payload.error))
        consumer
          .run({
            autoCommit: false,
            eachMessage: async ({ partition, message }) => {
              ;(got[partition] = got[partition] || []).push(message)
              if (++seen === count) resolve()
            },
          })
          .catch(reject)
      })
      const offsets = Object.entries(got).map(([partition, messages]) => ({
        topic,
        partition: Number(partition),
        offset: String(Number(messages[messages.length - 1].offset) + 1),
      }))
      await consumer.commitOffsets(offsets)
      return got
    } finally {
      await consumer.disconnect()
    }
  }

  consumer(groupId) {
    return this.kafka.consumer({ groupId, sessionTimeout: 10000, heartbeatInterval: 300, maxWaitTimeInMs: 200 })
  }

  async committed(groupId, topic) {
    const [answer] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    return Number(answer.partitions[0].offset)
  }

  async member(groupId, topic) {
    const consumer = this.consumer(groupId)
    const member = { partitions: [], close: () => consumer.disconnect() }
    consumer.on(consumer.events.GROUP_JOIN, event => {
      member.partitions = event.payload.memberAssignment[topic] || []
    })
    consumer.on(consumer.events.REBALANCING, () => {
      member.partitions = []
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async () => {} })
    return member
  }
}

module.exports = { Client, code, EARLIEST, LATEST, CompressionTypes }

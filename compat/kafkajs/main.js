// main.js LEFT-OUT-TABLE BOOTSTRAP [--groups|--transactions] [--only CHECK]...: prints a line per check.
'use strict'

const fs = require('fs')
const { Client } = require('./client')
const checks = require('./checks')
const transactions = require('./transactions')

const LIMIT_MS = 60000

async function main([table, bootstrap, ...rest]) {
  const only = []
  let set = checks.node
  while (rest.length) {
    const word = rest.shift()
    if (word === '--groups') set = checks.groups
    else if (word === '--transactions') set = transactions
    else if (word === '--only') only.push(rest.shift())
    else throw new Error(`unknown argument ${word}`)
  }
  const rows = fs.readFileSync(table, 'utf8').split('\n').map(line => line.split('\t'))
  const skip = rows.filter(row => row[0] === 'kafkajs').map(row => row[1])
  const client = new Client(bootstrap)
  await client.open()
  let failed = 0
  for (const [name, check] of Object.entries(set)) {
    if (skip.includes(name) || (only.length && !only.includes(name))) continue
    const begun = Date.now()
    let timer
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('no result within 60 s')), LIMIT_MS)
    })
    try {
      await Promise.race([check(client), limit])
      console.log(`ok ${name} ${((Date.now() - begun) / 1000).toFixed(2)}`)
    } catch (error) {
      failed = 1
      console.log(`fail ${name}: ${error.name}: ${String(error.message).replaceAll('\n', ' ').slice(0, 400)}`)
    }
    clearTimeout(timer)
  }
  process.exit(failed)
}

main(process.argv.slice(2)).catch(error => {
  console.error(error)
  process.exit(2)
})

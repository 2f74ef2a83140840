import type { InstanceReport, Topology } from '@banyan/placement'
import { expect, test } from 'vitest'
import { instanceTable } from '../../src/services/instance-table.js'

const topology: Topology = {
  app: 'shop',
  services: [
    { name: 'front', modules: [], replicas: 1, gateway: true },
    { name: 'checkout', modules: ['orders', 'carts'], replicas: 2, gateway: false },
    { name: 'mail', modules: ['mail'], replicas: 1, gateway: false },
  ],
}

const idle = { running: 0, queued: 0, limit: 64, lag: 0, parked: 0, deadLetters: 0 }
const report = (given: Partial<InstanceReport> & Pick<InstanceReport, 'service' | 'instance'>): InstanceReport => ({
  host: 'ada',
  pid: 4_711,
  startedAt: 0,
  connections: 1,
  state: 'running',
  modules: [],
  edges: [],
  leftOut: [],
  ...given,
})

test('each module of each process has a row, in the order of the topology, and so has a service without any', () => {
  const all = [
    report({
      service: 'checkout',
      instance: '0190-second-2222bbbb',
      pid: 12,
      startedAt: 60_000,
      state: 'stopping',
      modules: [{ module: 'orders', version: '1.2.0', ...idle }],
    }),
    report({
      service: 'checkout',
      instance: '0190-first-1111aaaa',
      pid: 11,
      modules: [
        { module: 'orders', version: '1.1.0', ...idle, running: 3, queued: 2, lag: 17 },
        { module: 'carts', version: '2.0.0', ...idle, parked: 1, deadLetters: 4 },
      ],
      edges: [
        { caller: 'orders', module: 'carts', breaker: 'half-open', answered: 90, failed: 10, retries: 7 },
        { caller: 'orders', module: 'mail', answered: 1, failed: 0, retries: 0 },
      ] as unknown as InstanceReport['edges'],
      leftOut: [{ module: 'mail', instance: '0190-bad-4444dddd', backInMs: 27_300 }],
    }),
    report({ service: 'front', instance: 'short', pid: 10, startedAt: 3_500_000 }),
    report({ service: 'elsewhere', instance: '0190-left-3333cccc', pid: 13 }),
  ]
  expect(instanceTable(all, topology, 3_600_000)).toMatchInlineSnapshot(`
    "SERVICE    INSTANCE  HOST  PID  UP      STATE       MODULE  VERSION  LOAD       LAG  PARKED  DEAD
    front      short     ada   10   100 s   running     -       -        -          -    -       -
    checkout   1111aaaa  ada   11   60 min  running     orders  1.1.0    3+2 of 64  17   0       0
                                                        carts   2.0.0    0+0 of 64  0    1       4
    checkout   2222bbbb  ada   12   59 min  stopping    orders  1.2.0    0+0 of 64  0    0       0
    elsewhere  3333cccc  ada   13   60 min  running     -       -        -          -    -       -
    mail       -         -     -    -       no process  -       -        -          -    -       -

    CALLS            FROM      INSTANCE  BREAKER    ANSWERED  FAILED  RETRIES
    orders -> carts  checkout  1111aaaa  half-open  90        10      7
    orders -> mail   checkout  1111aaaa  -          1         0       0

    LEFT OUT  INSTANCE  BY        INSTANCE  BACK IN
    mail      4444dddd  checkout  1111aaaa  27 s"
  `)
})

test('where no policy has seen a call there is no table of edges', () => {
  expect(instanceTable([], topology, 0)).toMatchInlineSnapshot(`
    "SERVICE   INSTANCE  HOST  PID  UP  STATE       MODULE  VERSION  LOAD  LAG  PARKED  DEAD
    front     -         -     -    -   no process  -       -        -     -    -       -
    checkout  -         -     -    -   no process  -       -        -     -    -       -
    mail      -         -     -    -   no process  -       -        -     -    -       -"
  `)
})

import type { Metric } from '@banyan/runtime'

export interface MeshNumbers {
  readonly callsOut: number
  readonly callsIn: number
  readonly requestsOut: number
  readonly garbled: number
  readonly sentBytes: number
  readonly connected: boolean
  readonly instances: number
  readonly lanes: number
}

export function meshMetrics(numbers: MeshNumbers): readonly Metric[] {
  const one = (name: string, type: Metric['type'], help: string, value: number): Metric => ({
    name: `banyan_wire_${name}`,
    help,
    type,
    samples: [{ labels: {}, value }],
  })
  return [
    one('connected', 'gauge', 'Whether the broker is connected', numbers.connected ? 1 : 0),
    one('instances', 'gauge', 'Processes of the app that are known', numbers.instances),
    one('lanes', 'gauge', 'Processes that are called past the broker', numbers.lanes),
    one('calls_out', 'gauge', 'Calls to other processes without an outcome', numbers.callsOut),
    one('calls_in', 'gauge', 'Calls of other processes without an answer', numbers.callsIn),
    one(
      'requests_out',
      'gauge',
      'Questions to logs and routes of other processes without an answer',
      numbers.requestsOut,
    ),
    one('garbled_total', 'counter', 'Messages that could not be read', numbers.garbled),
    one('sent_bytes_total', 'counter', 'Bytes of messages handed to the broker', numbers.sentBytes),
  ]
}

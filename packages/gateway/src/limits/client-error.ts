import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Ambient } from '@banyan/ambient'
import { type BanyanError, banyanError, errorData } from '@banyan/errors'
import { problemDocument, problemMediaType } from '../problem/problem.js'
import type { GatewayLimits } from './limits.js'
import { responseUnderWay } from './response-under-way.js'

/**
 * Answers what Node's parser refuses before there is a request: headers too large, a client too slow, bytes that are
 * no HTTP. Ends the connection in any case, since what follows on it cannot be understood.
 */
export function answerClientError(ambient: Ambient, limits: GatewayLimits): (error: Error, socket: Socket) => void {
  return (error, socket) => {
    const code = 'code' in error ? String(error.code) : ''
    // A connection that was reset has nobody to answer; one that is in the middle of a response must not get a second one.
    if (code === 'ECONNRESET' || !socket.writable || responseUnderWay(socket)?.headersSent === true) {
      socket.destroy()
      return
    }
    const problem = errorData(refusalOf(code, limits))
    const body = JSON.stringify(problemDocument(problem, ambient.newId()))
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
      `Content-Type: ${problemMediaType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
    ]
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  }
}

function refusalOf(code: string, limits: GatewayLimits): BanyanError {
  if (code === 'HPE_HEADER_OVERFLOW') return banyanError('headers-too-large', { limit: `${limits.headerBytes} bytes` })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return banyanError('request-timeout')
  return banyanError('invalid-request', { summary: 'it is not valid HTTP' })
}

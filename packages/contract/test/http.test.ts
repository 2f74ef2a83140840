import { parseHttp, routeIdentity } from '@banyan/contract'
import { describe, expect, it } from 'vitest'

describe('parseHttp', () => {
  it.each([
    ['GET /', []],
    ['GET /stock/{sku}', ['sku']],
    ['PATCH /a/{b}/c.d/{e_1}', ['b', 'e_1']],
  ])('reads %s', (text, parameters) => {
    const parsed = parseHttp(text)
    expect(parsed).toMatchObject({ ok: true, route: { parameters } })
  })

  it.each([
    ['get /x', "'get' is not a method that can be served"],
    ['HEAD /x', "'HEAD' is not a method that can be served"],
    ['GET x', "'GET x' is not METHOD /path"],
    ['GET  /x', "'GET  /x' is not METHOD /path"],
    ['GET /x/', "the segment '' of '/x/' is not valid"],
    ['GET /x//y', "the segment '' of '/x//y' is not valid"],
    ['GET /x?y=1', "the segment 'x?y=1' of '/x?y=1' is not valid"],
    ['GET /x/:id', "the segment ':id' of '/x/:id' is not valid"],
    ['GET /{a}/{a}', "the parameter {a} stands twice in '/{a}/{a}'"],
  ])('refuses %s', (text, what) => expect(parseHttp(text)).toEqual({ ok: false, what }))

  it('tells routes apart by what a request could', () => {
    const identity = (text: string) => {
      const parsed = parseHttp(text)
      return parsed.ok ? routeIdentity(parsed.route) : parsed.what
    }
    expect(identity('GET /a/{b}')).toBe(identity('GET /a/{c}'))
    expect(identity('GET /a/{b}')).not.toBe(identity('POST /a/{b}'))
    expect(identity('GET /a/{b}')).not.toBe(identity('GET /a/b'))
  })
})

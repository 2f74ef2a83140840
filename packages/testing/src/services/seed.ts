/** The seed of one service: each draws by itself, so that who is quicker changes nothing for another one (P10). */
export function seedOf(seed: number, service: string): number {
  // FNV-1a
  let mixed = 0x811c9dc5 ^ seed
  for (let index = 0; index < service.length; index++) mixed = Math.imul(mixed ^ service.charCodeAt(index), 0x01000193)
  return mixed >>> 0
}

/** Which part of the work of a module is this replica's: its number among those that are live, from 0, and how many there are. */
export interface LaneShare {
  /** Negative while the replica is not listed yet: then nothing is its own. */
  readonly index: number
  readonly count: number
}

export const blockCount = 8
export const lanesPerBlock = 8
export const allBlocks: readonly number[] = Array.from({ length: blockCount }, (_, block) => block)

/** The whole: for a process without replicas. */
export const wholeShare: LaneShare = { index: 0, count: 1 }

/**
 * The blocks that are a replica's own. Every block is the own one of exactly one replica, and no replica has two more
 * than another. One replica more moves only the blocks that it gets.
 */
export function ownBlocks({ index, count }: LaneShare): readonly number[] {
  const owners = allBlocks.map(() => 0)
  for (let joining = 1; joining < Math.min(count, blockCount); joining++)
    for (let taken = 0; taken < Math.floor(blockCount / (joining + 1)); taken++)
      owners[owners.lastIndexOf(mostLoaded(owners, joining))] = joining
  return allBlocks.filter((block) => owners[block] === index)
}

/** Which of the first `count` owners has the most blocks; the first of equals. */
function mostLoaded(owners: readonly number[], count: number): number {
  const loads = Array.from({ length: count }, (_, owner) => owners.filter((one) => one === owner).length)
  return loads.indexOf(Math.max(...loads))
}

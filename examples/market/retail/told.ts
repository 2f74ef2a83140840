/** Something that went wrong whose message is meant for the one at the keyboard: printed as it is, without a stack. */
export class Told extends Error {}

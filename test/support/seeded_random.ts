/** A number in [0, 1) at every call, the same sequence for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // A Weyl sequence scrambled by two multiply-xorshift rounds.
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
  };
}

/** The seed of this run: `STOMPBOX_SEED`, else always the same one. */
export const RUN_SEED = Number(process.env["STOMPBOX_SEED"] ?? 20120);

/** A list in its order, but that it begins behind that member, and so ends with it; as it is without one. */
export function startingBehind<Member>(
  list: readonly Member[],
  member: Member | undefined,
): readonly Member[] {
  const next = member === undefined ? 0 : list.indexOf(member) + 1;
  return next === 0 ? list : [...list.slice(next), ...list.slice(0, next)];
}

/** Labels of SenML: the names of its fields in JSON, with the integers that stand for them in CBOR. */

/** Integer labels of RFC 8428, table 4. */
export const CBOR_LABELS = {
  bver: -1,
  bn: -2,
  bt: -3,
  bu: -4,
  bv: -5,
  bs: -6,
  n: 0,
  u: 1,
  v: 2,
  vs: 3,
  vb: 4,
  s: 5,
  t: 6,
  ut: 7,
  vd: 8,
} as const;
export type SenmlLabel = keyof typeof CBOR_LABELS;

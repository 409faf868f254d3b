/** Colours of states: muted ones, dark enough for white text. What a word means nobody knows here, so none is red. */
const COLOURS = ['#3b6ea5', '#5b7a3a', '#7a5c9e', '#8a6a2f', '#33808a', '#8c5475', '#55626f', '#6b6f2e'];

/** The same word has the same colour wherever it is drawn. */
export const stateColour = (word: string): string => {
  let hash = 0;
  for (const char of word) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return COLOURS[hash % COLOURS.length] ?? '#55626f';
};

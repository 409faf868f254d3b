/**
 * MQTT topic filters (MQTT 3.1.1, section 4.7), compiled once and asked for every message.
 */

/** Splits a topic name into its levels; an empty level counts. */
export const levelsOf = (topic: string): string[] => topic.split('/');

/** A compiled topic filter. */
export interface TopicFilter {
  readonly text: string;
  /** @param levels the topic name, split by {@link levelsOf} */
  matches(levels: readonly string[]): boolean;
}

/**
 * Whether the text is a well-formed filter: `#` alone in the last level, `+` alone in its level, not empty.
 */
export const isTopicFilter = (text: string): boolean => {
  if (text === '' || text.includes('\0')) return false;
  const levels = text.split('/');
  return levels.every(
    (level, index) =>
      level === '+' ||
      (level === '#' && index === levels.length - 1) ||
      !(level.includes('+') || level.includes('#')),
  );
};

/**
 * Compiles a filter.
 * @throws {RangeError} when it is not well-formed
 */
export const topicFilter = (text: string): TopicFilter => {
  if (!isTopicFilter(text)) throw new RangeError(`not a topic filter: ${JSON.stringify(text)}`);
  const wanted = text.split('/');
  const open = wanted.at(-1) === '#';
  const fixed = open ? wanted.length - 1 : wanted.length;
  // [MQTT-4.7.2-1]: a filter that begins with a wildcard does not see topics that begin with $.
  const wildStart = wanted[0] === '#' || wanted[0] === '+';
  return {
    text,
    matches(levels) {
      if (open ? levels.length < fixed : levels.length !== fixed) return false;
      if (wildStart && levels[0]?.startsWith('$') === true) return false;
      for (let index = 0; index < fixed; index++) {
        const level = wanted[index];
        if (level !== '+' && level !== levels[index]) return false;
      }
      return true;
    },
  };
};

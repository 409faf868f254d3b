/** Topic filters of MQTT. */

/** Whether a topic is within a filter. */
export const matches = (filter: string, topic: string): boolean => {
  if (filter === topic) return true;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [place, level] of wanted.entries()) {
    if (level === '#') return true;
    if (place >= levels.length || (level !== '+' && level !== levels[place])) return false;
  }
  return wanted.length === levels.length;
};

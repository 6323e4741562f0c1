/** The browser's name out of its long self-description; the text itself where none is known. */
export function agentWords(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1];
  const system = /(iPhone|iPad|Android|Windows|Mac OS X|Linux)/.exec(agent)?.[1];
  if (!browser) return agent.slice(0, 60) || '–';
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${name}, ${system.replace('Mac OS X', 'macOS')}` : name;
}

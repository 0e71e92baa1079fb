import type {Colours} from './paint';

// Light or dark: as the system is, unless somebody chose. The colours themselves are in page.css.

const KEY = 'nsmap-theme';

export function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: of('ground'),
    dot: of('dot'),
    card: of('card'),
    border: of('border'),
    text: of('text'),
    muted: of('muted'),
    accent: of('accent'),
    down: of('down'),
    bar: of('bar'),
    group: of('group'),
    flash: of('flash'),
    lit: of('lit'),
    kinds: {
      host: of('host'),
      container: of('container'),
      plain: of('plain'),
      hidden: of('hidden'),
      group: of('group')
    },
    wires: {
      veth: of('veth'),
      netkit: of('netkit'),
      stack: of('stack'),
      served: of('served'),
      bundle: of('veth')
    },
  };
}

const dark = matchMedia('(prefers-color-scheme: dark)');

export function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen ? chosen === 'dark' : dark.matches;
}

export function beginTheme(changed: () => void): void {
  try {
    const chosen = localStorage.getItem(KEY);
    if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset['theme'] = chosen;
  } catch {
    // Nothing is remembered here.
  }
  dark.addEventListener('change', changed);
}

export function toggleTheme(): void {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Nothing is remembered here.
  }
}

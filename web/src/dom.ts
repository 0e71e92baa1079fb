import {shown} from './text';

// Elements made of what they are called and hold. Text goes in as text, never as markup.

type Content = Node|string|number|null|undefined|false;
interface Props {
  class
  ?: string;
  title?: string;
  href?: string;
  scope?: string;
  type?: string;
  value?: string;
  id?: string;
  role?: string;
  hidden?: boolean;
  selected?: boolean;
  open?: boolean;
  checked?: boolean;
  tabindex?: string;
  colspan?: string;
  data?: Record<string, string>;
  aria?: Record<string, string>;
  on?: Record<string, (event: Event) => void>;
}

export function element<K extends keyof HTMLElementTagNameMap>(
    tag: K, props: Props = {}, ...content: Content[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  const {data, aria, on, ...plain} = props;
  for (const [name, value] of Object.entries(plain)) {
    if (value === true)
      made.setAttribute(name, '');
    else if (value !== false && value !== undefined)
      made.setAttribute(name, String(value));
  }
  for (const [name, value] of Object.entries(data ?? {})) made.dataset[name] = value;
  for (const [name, value] of Object.entries(aria ?? {})) made.setAttribute(`aria-${name}`, value);
  for (const [name, listener] of Object.entries(on ?? {})) made.addEventListener(name, listener);
  for (const each of content)
    if (each !== null && each !== undefined && each !== false)
      made.append(each instanceof Node ? each : shown(String(each), 600));
  return made;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

// What is short is not broken over lines.
const width = (cell: Content): string|undefined =>
    (String(cell instanceof Node ? cell.textContent : cell ?? '').length <= 12 ? 'short' :
                                                                                 undefined);

// A table with headings. Long ones show their beginning, and the rest when asked.
export function table(
    headings: readonly string[], rows: readonly(readonly Content[])[], most = 200,
    caption = ''): HTMLElement {
  const body = element('tbody');
  const add = (from: number, to: number) => {
    for (const row of rows.slice(from, to))
      body.append(element(
          'tr', {},
          ...row.map(
              (cell, i) => i === 0 ? element('th', {scope: 'row', class: width(cell)}, cell) :
                                     element('td', {class: width(cell)}, cell))));
  };
  add(0, most);
  const made = element(
      'table', {}, caption ? element('caption', {}, caption) : null,
      element(
          'thead', {},
          element('tr', {}, ...headings.map(each => element('th', {scope: 'col'}, each)))),
      body);
  if (rows.length <= most) return made;
  const more = element(
      'button', {
        type: 'button',
        class: 'more',
        on: {
          click: () => {
            add(most, rows.length);
            more.remove();
          }
        }
      },
      `show all ${rows.length.toLocaleString('en')}`);
  return element('div', {}, made, more);
}

import {byId, element} from './dom';
import {type Entry, search} from './search';

// The search field: answers as one types, chosen by arrows and Enter.

export class Finder {
  entries: readonly Entry[] = [];
  private readonly input = byId<HTMLInputElement>('query');
  private readonly list = byId('answers');
  private found: Entry[] = [];
  private at = -1;

  constructor(private readonly choose: (entry: Entry) => void, private readonly leave: () => void) {
    this.input.addEventListener('input', () => this.look());
    this.input.addEventListener('focus', () => this.look());
    this.input.addEventListener('blur', () => setTimeout(() => this.close(), 150));
    this.input.addEventListener('keydown', event => this.key(event));
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  private look(): void {
    this.found = search(this.entries, this.input.value);
    this.at = this.found.length ? 0 : -1;
    this.list.replaceChildren(...this.found.map(
        (entry, i) => element(
            'li', {
              role: 'option',
              id: `answer-${i}`,
              on: {
                // Before the field loses its focus.
                pointerdown: event => {
                  event.preventDefault();
                  this.take(i);
                },
              }
            },
            element('b', {}, entry.what), ' ',
            element(
                'small', {},
                entry.sort === 'namespace' ? entry.sort : `${entry.sort} · ${entry.where}`))));
    if (!this.found.length && this.input.value.trim())
      this.list.append(element('li', {class: 'none'}, 'nothing found'));
    this.list.hidden = !this.input.value.trim();
    this.input.setAttribute('aria-expanded', String(!this.list.hidden));
    this.mark();
  }

  private mark(): void {
    [...this.list.children].forEach(
        (item, i) => item.setAttribute('aria-selected', String(i === this.at)));
    this.list.children[this.at]?.scrollIntoView({block: 'nearest'});
    this.input.setAttribute('aria-activedescendant', this.at >= 0 ? `answer-${this.at}` : '');
  }

  private take(i: number): void {
    const entry = this.found[i];
    if (!entry) return;
    this.close();
    this.choose(entry);
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
  }

  private key(event: KeyboardEvent): void {
    const count = this.found.length;
    if (event.key === 'ArrowDown' && count)
      this.at = (this.at + 1) % count;
    else if (event.key === 'ArrowUp' && count)
      this.at = (this.at + count - 1) % count;
    else if (event.key === 'Enter')
      this.take(this.at);
    else if (event.key === 'Escape') {
      this.input.value = '';
      this.close();
      this.leave();
    } else
      return;
    event.preventDefault();
    event.stopPropagation();
    this.mark();
  }
}

import type {Rect} from './camera';
import type {Colours} from './paint';
import {type Card, FONT, SIZE} from './scene';
import {clipped, type Measure} from './text';

// Cards from afar: plates with a title, then without. All plates are few paths, whatever their
// number.

export const FAR = 0.42;  // zoom up to which a card's lines could not be read
const TINY = 0.12;        // … and its title

const fonts = new Map<number, string>();
function titleFont(size: number): string {
  let font = fonts.get(size);
  if (!font) fonts.set(size, font = FONT.title.replace('13px', `${size}px`));
  return font;
}

// As big as the card lets the title be, and no smaller than can be read.
function titleSize(card: Card, zoom: number, measure: Measure): number {
  const wanted = Math.min(card.h * 0.5, 11 / zoom, 40);
  const width = Math.max(1, measure(card.title, FONT.title) * wanted / 13);
  return Math.round(Math.max(Math.min(wanted, wanted * (card.w - 12) / width), 6 / zoom));
}

const place = ({x, y, w, h}: Card): Rect => ({x, y, w, h});

// A part of each card in a colour.
function fillBy(
    context: CanvasRenderingContext2D, cards: readonly Card[], colourOf: (card: Card) => string,
    part: (card: Card) => Rect): void {
  const paths = new Map<string, Path2D>();
  for (const card of cards) {
    const colour = colourOf(card);
    let path = paths.get(colour);
    if (!path) paths.set(colour, path = new Path2D());
    const {x, y, w, h} = part(card);
    path.rect(x, y, w, h);
  }
  for (const [colour, path] of paths) {
    context.fillStyle = colour;
    context.fill(path);
  }
}

interface Title {
  text: string;
  font: string;
}

// The titles fitted to their cards, which hold while the zoom stays.
let fitted = new Map<string, Title>();
let fittedAt = 0;

function titleOf(card: Card, zoom: number, measure: Measure): Title {
  if (fittedAt !== zoom) {
    fitted = new Map();
    fittedAt = zoom;
  }
  const key = `${card.w} ${card.h} ${card.title}`;
  let title = fitted.get(key);
  if (!title) {
    const size = titleSize(card, zoom, measure);
    const text = clipped(card.title, FONT.title, (card.w - 12) * 13 / size, measure);
    fitted.set(key, title = {text, font: titleFont(size)});
  }
  return title;
}

export function drawFar(
    context: CanvasRenderingContext2D, colours: Colours, cards: readonly Card[], zoom: number,
    measure: Measure): void {
  const [tiny, titled] = zoom < TINY ? [cards, []] : [[], cards];
  fillBy(
      context, tiny, card => (card.down ? colours.down : colours.kinds[card.kind]), card => card);
  fillBy(context, titled, () => colours.card, card => card);
  context.strokeStyle = colours.border;
  context.lineWidth = 1.2;
  const edges = new Path2D();
  for (const {x, y, w, h} of titled) edges.rect(x, y, w, h);
  context.stroke(edges);
  fillBy(
      context, titled, card => colours.kinds[card.kind],
      card => ({...place(card), h: card.kind === 'host' ? 12 : 7}));
  // A corner of what has something down.
  fillBy(
      context, titled.filter(card => card.down), () => colours.down,
      card => ({x: card.x + card.w - 24, y: card.y, w: 24, h: 16}));
  context.fillStyle = colours.text;
  context.textBaseline = 'middle';
  for (const card of titled) {
    const {text, font} = titleOf(card, zoom, measure);
    context.font = font;
    context.fillText(text, card.x + SIZE.pad / 2 + 1, card.y + card.h / 2 + 4);
  }
}

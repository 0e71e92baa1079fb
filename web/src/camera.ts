import type {Point} from './layout';

export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number
}

// What part of the world is seen: a screen point is (world - (x, y)) * zoom.
export class Camera {
  x = 0;
  y = 0;
  zoom = 1;
  width = 1;  // of the screen, CSS pixels
  height = 1;

  toWorld(point: Point): Point {
    return {x: point.x / this.zoom + this.x, y: point.y / this.zoom + this.y};
  }
  toScreen(point: Point): Point {
    return {x: (point.x - this.x) * this.zoom, y: (point.y - this.y) * this.zoom};
  }
  view(): Rect {
    return {x: this.x, y: this.y, w: this.width / this.zoom, h: this.height / this.zoom};
  }

  zoomAt(point: Point, factor: number): void {
    const before = this.toWorld(point);
    this.zoom = Math.min(3, Math.max(0.01, this.zoom * factor));
    this.x = before.x - point.x / this.zoom;
    this.y = before.y - point.y / this.zoom;
  }

  pan(dx: number, dy: number): void {
    this.x -= dx / this.zoom;
    this.y -= dy / this.zoom;
  }

  // All of the rectangle, no closer than `most`, beside what covers so much of the right.
  fit(rect: Rect, covered = 0, most = 1.15): void {
    const [margin, foot] = [32, 58];  // beneath it there is the legend
    const width = Math.max(this.width - covered, this.width / 3);
    const zoom =
        Math.min((width - 2 * margin) / rect.w, (this.height - margin - foot) / rect.h, most);
    this.zoom = Math.max(0.01, zoom);
    this.centre({
      x: rect.x + rect.w / 2 + (this.width - width) / 2 / this.zoom,
      y: rect.y + rect.h / 2 + (foot - margin) / 2 / this.zoom
    });
  }

  centre(point: Point): void {
    this.x = point.x - this.width / this.zoom / 2;
    this.y = point.y - this.height / this.zoom / 2;
  }
}

export const meets = (a: Rect, b: Rect): boolean =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

export function bounds(rects: Iterable<Rect>): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const {x, y, w, h} of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + w);
    bottom = Math.max(bottom, y + h);
  }
  return left > right ? {x: 0, y: 0, w: 1, h: 1} :
                        {x: left, y: top, w: right - left, h: bottom - top};
}

// Server-sent events (HTML, "Parsing an event stream") out of a fetch: EventSource sends no
// headers.

export interface StreamEvent {
  event: string;
  id: string;
  data: string
}

export class EventParser {
  private rest = '';
  private event = '';
  private id = '';
  private data: string[] = [];

  // The events that the text completes.
  take(text: string): StreamEvent[] {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop()!;
    const events: StreamEvent[] = [];
    for (const line of lines) {
      if (line !== '')
        this.line(line);
      else if (this.data.length || this.event) {
        events.push({event: this.event || 'message', id: this.id, data: this.data.join('\n')});
        this.event = '';
        this.data = [];
      }
    }
    return events;
  }

  private line(line: string): void {
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event')
      this.event = value;
    else if (field === 'data')
      this.data.push(value);
    else if (field === 'id')
      this.id = value;
  }
}

export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const parser = new EventParser();
  const reader =
      body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    yield* parser.take(value);
  }
}

import ELK, {type ElkNode} from 'elkjs/lib/elk-api';
import packed from 'virtual:elk-worker';

// elkjs, in a worker made of what the page itself holds.

async function unpacked(): Promise<Blob> {
  const bytes = Uint8Array.from(atob(packed), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  const text = await new Response(stream).text();
  return new Blob([text], {type: 'text/javascript'});
}

let engine: {elk: InstanceType<typeof ELK>; worker: Worker}|null = null;

async function start(): Promise<NonNullable<typeof engine>> {
  const url = URL.createObjectURL(await unpacked());
  const worker = new Worker(url);
  const elk = new ELK({workerFactory: () => worker});
  return {elk, worker};
}

// Lays the graph out; rejects when it takes longer than `patience`, in milliseconds.
export async function elkLayout(graph: ElkNode, patience: number): Promise<ElkNode> {
  engine ??= await start();
  const {elk, worker} = engine;
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    timer = window.setTimeout(() => {
      worker.terminate();
      engine = null;
      reject(new Error(`no layout within ${patience / 1000} s`));
    }, patience);
  });
  try {
    return await Promise.race([elk.layout(graph), late]);
  } finally {
    clearTimeout(timer);
  }
}

declare module 'virtual:elk-worker' {
  const packed: string;  // gzip, base64
  export default packed;
}

declare module "virtual:emoji" {
  const categories: { name: string; rows: [emoji: string, names: string, words: string][] }[];
  export default categories;
}

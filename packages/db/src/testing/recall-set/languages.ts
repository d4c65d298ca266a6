import type { RecallSet } from "./recall-set.ts";

interface Words {
  people: string[];
  /** As a document tells it, and as a question asks for it: other forms of the same word where the language has them. */
  activities: [told: string, asked: string][];
  places: string[];
  tell: (person: string, activity: string, place: string) => string;
  ask: (person: string, activity: string) => string;
}

const languages: Readonly<Record<string, Words>> = {
  Chinese: {
    people: ["小明", "李华", "王芳", "张伟", "陈静", "赵磊"],
    activities: [
      ["攀岩", "攀岩"],
      ["弹钢琴", "钢琴"],
      ["做蛋糕", "蛋糕"],
      ["学法语", "法语"],
      ["钓鱼", "钓鱼"],
      ["看牙医", "牙医"],
    ],
    places: ["北京", "上海", "广州", "成都", "杭州", "西安"],
    tell: (person, activity, place) => `昨天${person}告诉我，上个周末在${place}${activity}，感觉非常开心。`,
    ask: (person, activity) => `${person}是在哪里${activity}的？`,
  },
  Japanese: {
    people: ["太郎", "花子", "健一", "美咲", "翔太", "由美"],
    activities: [
      ["登山", "登山"],
      ["ピアノの練習", "ピアノ"],
      ["ケーキ作り", "ケーキ"],
      ["フランス語の勉強", "フランス語"],
      ["魚釣り", "釣り"],
      ["歯医者の予約", "歯医者"],
    ],
    places: ["東京", "大阪", "京都", "札幌", "福岡", "名古屋"],
    tell: (person, activity, place) => `昨日${person}さんが、先週末に${place}で${activity}をしたと話していました。`,
    ask: (person, activity) => `${person}さんはどこで${activity}をしましたか？`,
  },
  German: {
    people: ["Anna", "Jürgen", "Käthe", "Lukas", "Mareike", "Sören"],
    activities: [
      ["alte Häuser gezeichnet", "Haus"],
      ["Kuchen gebacken", "backen"],
      ["Vögel beobachtet", "Vogel"],
      ["Bücher verkauft", "Buch"],
      ["Rosen gepflanzt", "Rose"],
      ["Zähne kontrollieren lassen", "Zahn"],
    ],
    places: ["Wien", "Graz", "Köln", "Zürich", "Bremen", "Dresden"],
    tell: (person, activity, place) => `${person} hat mir erzählt, dass sie am Wochenende in ${place} ${activity} haben.`,
    ask: (person, activity) => `Wo war das bei ${person} mit dem ${activity}?`,
  },
  Russian: {
    people: ["Дима", "Алёна", "Сергей", "Ольга", "Никита", "Марина"],
    activities: [
      ["читали книги", "книга"],
      ["ловили рыбу", "рыбы"],
      ["пекли пироги", "пирог"],
      ["сажали розы", "роза"],
      ["смотрели картины", "картина"],
      ["искали грибы", "гриб"],
    ],
    places: ["Казань", "Тверь", "Самара", "Омск", "Пермь", "Тула"],
    tell: (person, activity, place) => `${person} вчера говорит: на выходных мы ${activity}, город ${place}, было очень весело.`,
    ask: (person, activity) => `${person} и ${activity}: где это было?`,
  },
  English: {
    people: ["Dima", "Vera", "Zoë", "Anders", "Priya", "Marek"],
    activities: [
      ["was climbing rocks", "climb"],
      ["baked two cakes", "bake a cake"],
      ["painted a lighthouse", "painting of lighthouses"],
      ["planted roses", "plant a rose"],
      ["repaired old bicycles", "bicycle repairs"],
      ["visited the dentist", "dentist visit"],
    ],
    places: ["Vienna", "Lisbon", "Oslo", "Prague", "Dublin", "Zagreb"],
    tell: (person, activity, place) => `${person} told me yesterday that last weekend in ${place} they ${activity} and it was great.`,
    ask: (person, activity) => `Where was it that ${person} did the ${activity}?`,
  },
};

/**
 * Near-duplicates in five languages: six people each did six things, every document shares all but one word with ten others, and a
 * question names person and thing in other forms. Nobody says which language it is.
 */
export function createLanguageSets(at: Date): RecallSet[] {
  return Object.entries(languages).map(([language, { people, activities, places, tell, ask }]) => {
    const pairs = people.flatMap((person, row) =>
      activities.map((activity, column) => ({ person, activity, row, column, id: `${row}-${column}` })),
    );
    return {
      category: language,
      gate: 0.9,
      entities: [],
      documents: pairs.map(({ person, activity, row, column, id }) => ({
        id,
        text: tell(person, activity[0], places[(row + 2 * column) % places.length] ?? ""),
        at,
      })),
      questions: pairs.map(({ person, activity, id }) => ({ text: ask(person, activity[1]), relevant: id })),
    };
  });
}

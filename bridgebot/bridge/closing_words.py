"""The words of ``closing``: one language after the other, English first; add yours."""

from __future__ import annotations

CLOSING = """
thanks | thank you | thank u | thx | tks | many thanks | cheers | much appreciated |
appreciate it | ok | okay | okey | k | great | perfect | excellent | wonderful | lovely |
awesome | super | cool | understood | got it | noted | no problem | all good | sounds good |
bye | goodbye | see you | see you soon | see you then | see you tomorrow | have a nice day |
have a good day | have a great day | good night | no thanks | that is great | thats great |
that is perfect | thats perfect | best regards | kind regards |
danke | vielen dank | herzlichen dank | besten dank | dankeschön | super | perfekt | prima |
toll | alles klar | in ordnung | verstanden | bis dann | bis bald | bis morgen | tschüss |
schönen tag | gute nacht | passt |
bedankt | dank u | dank je | dank u wel | dank je wel | dankuwel | hartelijk dank | prima |
top | fijn | goed | oké | begrepen | duidelijk | tot dan | tot ziens | tot snel | tot morgen |
fijne dag | helemaal goed |
merci | d'accord | d accord | parfait | super | très bien | entendu | bien reçu | compris |
c'est noté | génial | c'est parfait | au revoir | à bientôt | à demain | bonne journée |
bonne soirée | bonne nuit |
gracias | muchas gracias | mil gracias | vale | de acuerdo | perfecto | genial | estupendo |
entendido | bien | está bien | muy bien | hasta luego | hasta pronto | hasta mañana | adiós |
buen día | buenas noches |
grazie | grazie mille | va bene | perfetto | ottimo | d'accordo | capito | ricevuto |
benissimo | a presto | a domani | arrivederci | buona giornata | buona serata | buonanotte |
tutto chiaro |
obrigado | obrigada | muito obrigado | muito obrigada | tudo bem | perfeito | ótimo | certo |
combinado | entendido | está bem | até logo | até breve | até amanhã | bom dia | boa noite |
valeu |
dziękuję | dziekuje | dzięki | dzieki | dziękujemy | w porządku | super | świetnie |
rozumiem | dobrze | jasne | do zobaczenia | do widzenia | miłego dnia | dobranoc |
děkuji | dekuji | děkujeme | díky | diky | dobře | v pořádku | super | rozumím |
na shledanou | hezký den |
tack | tack så mycket | okej | perfekt | toppen | bra | vi ses | ha en bra dag |
tak | mange tak | tusind tak | perfekt | fint | super | vi ses | god dag |
takk | tusen takk | mange takk | perfekt | fint | flott | ha en fin dag |
kiitos | kiitoksia | selvä | hyvä | hienoa | nähdään | hyvää päivänjatkoa |
köszönöm | köszönjük | köszi | rendben | szuper | viszlát |
mulțumesc | multumesc | mersi | în regulă | bine | perfect | la revedere |
teşekkürler | teşekkür ederim | tesekkurler | sağolun | tamam | tamamdır | harika |
iyi günler |
ευχαριστώ | ευχαριστούμε | εντάξει | τέλεια | οκ | γεια σας |
спасибо | благодарю | ок | окей | хорошо | отлично | понятно | понял | поняла | ясно |
до свидания | до встречи | хорошего дня | супер |
дякую | дякуємо | добре | гаразд | чудово | зрозуміло | до побачення |
תודה | תודה רבה | בסדר | מעולה | סבבה | להתראות |
شكرا | شكرا لك | شكرا جزيلا | حسنا | تمام | ممتاز | مع السلامة |
谢谢 | 謝謝 | 多谢 | 多謝 | 感谢 | 感謝 | 好的 | 好 | 收到 | 明白 | 没问题 | 沒問題 | 再见 |
再見 |
ありがとうございます | ありがとうございました | ありがとう | 了解です | 了解しました | 了解 |
わかりました | 承知しました | よろしくお願いします | はい、わかりました |
감사합니다 | 고맙습니다 | 고마워요 | 감사해요 | 알겠습니다 | 네 알겠습니다 | 네 감사합니다 |
좋아요 | 안녕히 계세요 |
"""
"""Words that thank, agree or take leave."""

BESIDE = """
so much | very much | a lot | again | all | you too | and | for the info |
for the information | regards | for your help | for your reply | for your quick reply |
for your fast reply | dear | hi | hello | for the quick reply | for letting me know |
for your answer | for your message | then | all right | for everything | for your kindness |
for the reply | for the help | very good | very kind | best |
sehr | schön | für die info | für die information | für ihre hilfe |
für die schnelle antwort | noch | für ihre antwort | für die antwort | für die rückmeldung |
und | ihnen | auch | liebe grüße | viele grüße | mit freundlichen grüßen | vielmals |
das ist | einen | ja super |
heel erg | voor de info | voor de informatie | voor uw hulp | voor je hulp |
voor de snelle reactie | voor uw antwoord | voor je antwoord | voor het antwoord | en |
alvast | groetjes | groeten | een |
beaucoup | bien | bien à vous | pour votre réponse | pour votre aide | pour l'info |
pour tout | et | à vous | pour l'information | pour votre réponse rapide | cordialement |
encore | infiniment | mille |
muchas | mil | por la información | por su ayuda | por tu ayuda | por su respuesta |
por tu respuesta | por la respuesta | por todo | y | muy amable | un saludo | saludos |
de nuevo | muchísimas |
mille | tante | molte | molto | per l'informazione | per le informazioni | per la risposta |
per l'aiuto | e | gentilissimi | gentilissima | gentile | di tutto | cordiali saluti |
saluti | ancora | di nuovo |
muito | pela informação | pela ajuda | pela resposta | por tudo | e | cumprimentos | abraço |
mesmo |
bardzo | serdecznie | za informację | za pomoc | za odpowiedź | i | pozdrawiam | wielkie |
moc | mockrát | za informaci | za pomoc | za odpověď | a | s pozdravem |
så mycket | för svaret | och |
for det | for svaret | og | mange |
for svaret | for det | og | skal du ha |
paljon | vastauksesta | ja |
szépen | a választ | és | nagyon |
mult | frumos | pentru răspuns | și |
çok | ve |
πολύ | και | σας |
большое | огромное | вам | за информацию | за помощь | за ответ | за быстрый ответ | и |
очень |
дуже | вам | за відповідь | і | щиро |
רבה | לכם | לך | ו |
جزيلا | لكم | لك | و |
您 | 你 | 非常 | 了 | 啦 | 的 | 你们 | 您的帮助 |
どうも | 大変 | 誠に | 本当に |
정말 | 대단히 | 네 |
"""
"""Words that may stand beside them and change nothing."""

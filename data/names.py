"""Names that the invented people are given."""

FEMALE = tuple(
    """
    Abigail Ada Aisha Alice Alma Amara Amelia Amina Amy Ana Andrea Angela Anika Anita Anna
    Anne Annika Aoife April Ariana Astrid Audrey Aurora Ava Barbara Beatriz Bella Bianca
    Bonnie Brenda Brooke Camila Carla Carmen Carol Caroline Cecilia Charlotte Chloé Claire
    Clara Cora Cynthia Daisy Dalia Dana Daniela Daphne Deborah Denise Diana Donna Dorothy
    Edith Elena Elif Elise Eliza Ella Ellen Eloise Emily Emma Erin Esther Eva Evelyn Faith
    Fatima Fiona Flora Frances Freya Gabriela Gloria Grace Gwen Hailey Hana Hannah Harriet
    Hazel Heather Heidi Helen Holly Ida Imani Ines Ingrid Irene Iris Isabel Ivy Jada Jane
    Janet Jasmine Jean Jennifer Joan Josephine Joyce Judith Julia June Kaia Karen Katherine
    Keiko Kiara Kimberly Lakshmi Lara Laura Layla Leah Leila Lena Linda Ling Lisa Lola Lucía
    Lucy Luna Lydia Mabel Madison Mai Maja Margaret Maria Marie Mariam Martha Mary Maya Mei
    Mercedes Mia Michelle Mildred Mira Molly Monica Nadia Naomi Natalie Nia Nicole Nina Noor
    Nora Olga Olivia Paige Pamela Patricia Paula Pearl Penelope Phoebe Priya Rachel Rebecca
    Renée Rita Rosa Rose Ruby Ruth Sabrina Salma Samantha Sandra Sara Savannah Selma Sharon
    Shirley Sienna Sofía Sonia Stella Susan Sylvia Tamara Tanya Teresa Tessa Tiana Valentina
    Vanessa Vera Victoria Violet Virginia Wanda Wendy Willa Xiomara Yara Yasmin Yuki Yvonne
    Zahra Zoë
    """.split()  # noqa: SIM905 (read as a text, not as 400 quoted words)
)

MALE = tuple(
    """
    Aaron Abdul Adam Ahmed Aidan Alan Albert Alejandro Alexander Ali Amir Anders André Andrew
    Angelo Anthony Antonio Arjun Arthur Asher Austin Axel Ben Benjamin Bernard Blake Boris
    Brandon Brian Bruce Bruno Caleb Calvin Cameron Carl Carlos Cedric Charles Christopher
    Clarence Cody Cole Colin Connor Curtis Cyrus Dale Damian Daniel Darius David Dennis Derek
    Diego Dmitri Dominic Donald Douglas Duncan Dylan Earl Eduardo Edward Edwin Elias Elijah
    Emil Emmanuel Eric Ernest Ethan Eugene Evan Felipe Felix Fernando Francis Frank Fred
    Gabriel Gary George Gerald Giovanni Glenn Gordon Graham Grant Gregory Gustav Hamid Hank
    Harold Harry Hassan Henry Hiroshi Howard Hugo Ian Ibrahim Igor Isaac Isaiah Ivan Jack
    Jacob Jalen Jamal James Jasper Javier Jerome Jesse Joaquín Joel John Jonas Jordan Jorge
    José Joseph Joshua Juan Julian Justin Kai Keith Kenji Kevin Khalid Kofi Kwame Kyle Lamar
    Lars Lawrence Leo Leon Liam Logan Louis Luca Lucas Luis Luke Malcolm Malik Marco Marcus
    Mario Mark Martin Mason Mateo Matthew Max Michael Miguel Miles Mohammed Nathan Neil
    Nicholas Nikolai Noah Nolan Oleg Oliver Omar Oscar Owen Pablo Patrick Paul Pedro Peter
    Philip Quentin Rafael Raj Ralph Ramón Raymond Ricardo Richard Robert Roger Roland Roman
    Ronald Roy Russell Ryan Samir Samuel Santiago Scott Sean Sebastian Sergei Seth Simon
    Stanley Stephen Steven Stuart Tariq Terrence Theodore Thomas Timothy Tobias Trevor Tyler
    Umar Vicente Victor Vincent Walter Wei Wesley William Xavier Yusuf Zachary
    """.split()  # noqa: SIM905 (read as a text, not as 400 quoted words)
)

FAMILY = tuple(
    """
    Abbott Acosta Adams Adeyemi Aguilar Ahmed Alexander Ali Allen Alvarez Anderson Andrews
    Armstrong Arnold Austin Bailey Baker Ballard Banks Barnes Barrett Becker Bell Bennett
    Bergström Bhatt Bishop Black Blair Blanchard Boone Bowman Bradley Brady Brennan Brooks
    Brown Bryant Burke Burton Bush Butler Byrne Cabrera Caldwell Campbell Cárdenas Carlson
    Carpenter Carroll Carter Castillo Castro Chan Chandler Chang Chapman Chavez Chen Cho
    Choi Chowdhury Clark Clarke Cohen Cole Coleman Collins Conner Cook Cooper Cortez Cox
    Craig Crawford Cruz Cunningham Curtis D'Angelo Dalton Daniels Das Davidson Davis Dawson
    Day Dean Delgado Desai Diaz Dixon Douglas Doyle Drake Dubois Duncan Dunn Edwards Elliott
    Ellis Erickson Espinoza Evans Farrell Faulkner Ferguson Fernández Fields Fischer Fisher
    Fitzgerald Fleming Flores Ford Foster Fowler Fox Francis Franklin Freeman Frost Fuentes
    Garcia Gardner Garza Gibson Gill Gomez Gonzalez Goodwin Gordon Graham Grant Graves Gray
    Greene Griffin Gupta Guzman Haddad Hale Hall Hamilton Hansen Hanson Harper Harris
    Harrison Hart Harvey Hayes Henderson Hernandez Hicks Hill Ho Hoang Hoffman Holland
    Holmes Hopkins Horton Howard Huang Hudson Hughes Hunt Hussain Hwang Ibrahim Ingram
    Jackson Jacobs Jain James Jefferson Jenkins Jennings Jensen Jimenez Johnson Jones Jordan
    Joseph Kang Kaplan Kaur Keller Kelly Kennedy Khan Kim King Klein Knight Kowalski Kumar
    Lam Lambert Lane Larsen Lawson Le Lee Leonard Levy Lewis Li Lin Little Liu Long Lopez
    Lowe Lucas Lynch Maldonado Mann Marquez Marsh Marshall Martin Martinez Mason Matthews
    May McCarthy McCoy McDonald McGrath Medina Mehta Mendoza Meyer Miller Mills Mitchell
    Molina Moore Morales Moreno Morgan Morris Morrison Moss Müller Murphy Murray Myers Nakamura
    Nash Navarro Nelson Newman Nguyen Nichols Norris Novak Núñez O'Brien O'Connor Ochoa
    Okafor Okoye Oliver Olsen Ortega Ortiz Osborne Owens Pacheco Padilla Palmer Park Parker
    Patel Patterson Payne Peña Perez Perry Peters Petersen Pham Phillips Pierce Porter Powell
    Price Quinn Ramirez Ramos Rao Reed Reyes Reynolds Rice Richards Riley Rivera Roberts
    Robinson Rodriguez Rogers Rojas Romero Rose Rosen Ross Roth Ruiz Russell Ryan Salazar
    Sanchez Sanders Santiago Santos Schmidt Schneider Schultz Sharma Shaw Shea Silva Simmons
    Simpson Singh Smith Snyder Solomon Sosa Spencer Stein Stephens Stewart Stone Sullivan
    Suzuki Swanson Tan Tanaka Taylor Thomas Thompson Torres Tran Tucker Turner Underwood
    Vargas Vasquez Vega Vu Wagner Walker Wallace Walsh Wang Ward Warren Washington Watson
    Weaver Webb Weber Weiss Wells West White Williams Wilson Wong Wood Wright Wu Yang Yates
    Yilmaz Young Zamora Zhang Zimmerman
    """.split()  # noqa: SIM905 (read as a text, not as 400 quoted words)
)

_PLAIN = str.maketrans("áéíóúñüöäëåø", "aeiounuoaeao", "' -")


def mailbox(given: str, family: str) -> str:
    """Write a name as it stands in an e-mail address: plain letters and a point."""
    return f"{given}.{family}".lower().translate(_PLAIN)
